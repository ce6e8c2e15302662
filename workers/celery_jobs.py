"""`Jobs` handed to workers through the broker. What is to be done is in the catalogue before a message is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import structlog

from infra.errors import BrokerError, UsageError
from ingest.catalogue import PageState
from ingest.catalogue.parts import in_parts
from ingest.catalogue.queued import QueuedWork
from ingest.catalogue.tables import now
from workers.broker import CPU, GPU, Broker
from workers.celery_app import make_app
from workers.context import Context
from workers.feeder import feed
from workers.inputs import InputFeed, identity
from workers.pipeline import IngestRequest
from workers.reindex import ReindexReport
from workers.report import IngestReport, Progress, Tally, no_progress

if TYPE_CHECKING:
    from ingest.catalogue.adaptations import AdaptationRecord
    from workers.adapt_options import AdaptOptions

log = structlog.get_logger(__name__)

_BATCH = 200
_LOOK = 0.5
_FEED = 3.0
_MOVING = 0.02
_NOBODY = 60.0
"""Seconds without a worker of a queue, while work waits for it, after which a person is told."""


class CeleryJobs:
    """`Jobs` on workers. Every call records the work, sends what the queues hold, and may wait for the end."""

    def __init__(self, context: Context, *, wait: bool = True) -> None:
        """`wait`: until the work is done; else `ingest` and `retry` return at once. Raises SettingsError."""
        self._context = context
        self._wait = wait
        self._broker = Broker(context.settings)
        self._app = make_app(context.settings)
        self._queued = QueuedWork(context.catalogue)

    def ingest(self, request: IngestRequest, progress: Progress = no_progress) -> IngestReport:
        """Record the inputs, and see to it that workers list and index them. Raises BrokerError, CatalogueError."""
        if request.inputs and request.collection is None:
            raise UsageError("Inputs need a collection to go to.")
        self._broker.check()
        start, began = time.monotonic(), now()
        documents = self._record(request) if request.collection is not None else []
        if request.collection is None or not request.inputs:
            documents += self._context.catalogue.documents_with_work(self._id(request.collection))
        self._feed()
        if self._wait:
            self._wait_for(documents, began, progress)
        return self._report(documents, began, time.monotonic() - start)

    def retry(self, collection: str | None, progress: Progress = no_progress) -> IngestReport:
        """Have what failed tried again, in the collection of that name or in all."""
        self._broker.check()
        start, began = time.monotonic(), now()
        catalogue = self._context.catalogue
        documents = []
        for found in catalogue.collections():
            if collection in (None, found.name):
                inputs = list(dict.fromkeys(failure.input for failure in catalogue.failures(found.id)))
                catalogue.forget_unlisted(found.id, inputs)
                documents += self._queued.add_inputs(found.id, inputs, {})
                catalogue.retry_failed(found.id)
                documents += catalogue.documents_with_work(found.id)
        documents = list(dict.fromkeys(documents))
        self._feed()
        if self._wait:
            self._wait_for(documents, began, progress)
        return self._report(documents, began, time.monotonic() - start)

    def reindex(self, collection: str | None, progress: Progress = no_progress) -> ReindexReport:
        """Have every page segmented by another version done anew; workers change models by themselves."""
        from ingest.segmentation import SEGMENTER_VERSION

        self._broker.check()
        start, began = time.monotonic(), now()
        catalogue = self._context.catalogue
        live = catalogue.live_space()
        segmented = catalogue.requeue_other_segmenter(SEGMENTER_VERSION, self._id(collection))
        documents = catalogue.documents_with_work(self._id(collection))
        self._feed()
        if self._wait:
            self._wait_for(documents, began, progress)
        seconds = time.monotonic() - start
        report = self._report(documents, began, seconds)
        return ReindexReport(live.key if live else None, False, 0, 0, segmented, seconds, report)

    def adapt(self, collection: str, options: AdaptOptions, progress: Progress = no_progress) -> AdaptationRecord:
        """Have a worker adapt the model to a collection, and wait for its end."""
        from ingest.catalogue.adaptations import Adaptations
        from workers.adapt import ask

        self._broker.check()
        adaptations = Adaptations(self._context.catalogue)
        number = ask(self._context, collection, options)
        self._until(lambda: adaptations.get(number).ended is not None, lambda: None)
        return adaptations.get(number)

    def remove(self, documents: list[str], collection: str | None = None) -> None:
        """Hide the documents at once, then wait until a worker has deleted them. May be repeated."""
        catalogue = self._context.catalogue
        self._broker.check()
        chosen = list(documents)
        if collection is not None:
            self._queued.cancel(collection)
            chosen += _all_documents(self._context, collection)
        for document in chosen:
            catalogue.begin_removal(document)
        waiting = set(chosen)
        self._until(lambda: not (waiting & set(catalogue.documents_being_removed())), lambda: None)
        if collection is not None:
            catalogue.forget_collection(collection)

    def _record(self, request: IngestRequest) -> list[str]:
        """Expand the inputs and record each document, before anything is sent. Their ids."""
        assert request.collection is not None, "checked by the caller"
        catalogue = self._context.catalogue
        collection = catalogue.add_collection(request.collection).id
        catalogue.forget_unlisted(collection, [identity(given) for given in request.inputs])
        inputs, documents, batch = InputFeed(request.inputs, self._context.settings), list[str](), list[str]()
        try:
            while not inputs.is_exhausted:
                item = inputs.next()
                if item is None:
                    time.sleep(_MOVING)
                elif item.error is not None:
                    name, reason = type(item.error).__name__, item.error.reason
                    documents.append(catalogue.fail_document(collection, item.uri, name, reason))
                else:
                    batch.append(item.uri)
                if batch and (len(batch) == _BATCH or inputs.is_exhausted):
                    documents += self._queued.add_inputs(collection, batch, dict(request.metadata))
                    batch = []
                    self._feed()
        finally:
            inputs.stop()
        return documents

    def _wait_for(self, documents: Sequence[str], began: datetime, progress: Progress) -> None:
        """Until every input is listed and every page of theirs is at rest. What is paused is not waited for."""

        def tell() -> None:
            by_state = self._queued.pages_by_state(documents)
            done = self._queued.pages_by_state(documents, began)
            progress(_tally(by_state, done))

        self._until(lambda: self._is_done(documents), tell)

    def _is_done(self, documents: Sequence[str]) -> bool:
        if self._queued.inputs_left(documents):
            return False
        states = self._queued.pages_by_state(documents)
        return not any(state in states for state in (PageState.WAITING, PageState.RUNNING))

    def _until(self, done: Callable[[], bool], tell: Callable[[], None]) -> None:
        """Look again and again, feeding the queues meanwhile. The broker may be away for a while."""
        fed, nobody_since = time.monotonic(), time.monotonic()
        while not done():
            tell()
            time.sleep(_LOOK)
            if time.monotonic() - fed < _FEED:
                continue
            fed = time.monotonic()
            try:
                self._feed()
                if self._has_workers():
                    nobody_since = time.monotonic()
            except BrokerError as error:
                log.warning("the broker is away", reason=str(error))
            if time.monotonic() - nobody_since > _NOBODY:
                log.warning("no worker is at work; start `manuspect worker --queue cpu` and `--queue gpu`")
                nobody_since = time.monotonic()
        tell()

    def _has_workers(self) -> bool:
        roles = {name.split("@")[0] for name in self._broker.alive()}
        return {CPU, GPU} <= roles

    def _feed(self) -> None:
        feed(self._app, self._broker, self._context.settings, self._context.catalogue)

    def _id(self, collection: str | None) -> str | None:
        found = self._context.catalogue.collection(collection) if collection is not None else None
        return found.id if found is not None else None

    def _report(self, documents: list[str], began: datetime, seconds: float) -> IngestReport:
        all_pages = self._queued.pages_by_state(documents)
        done = self._queued.pages_by_state(documents, began)
        pages = sum(count for count, _ in all_pages.values())
        changed = sum(count for count, _ in done.values())
        return IngestReport(
            documents=len(documents),
            new=changed,
            unchanged=pages - changed,
            removed=0,
            indexed=done.get(PageState.INDEXED, (0, 0))[0],
            empty=done.get(PageState.EMPTY, (0, 0))[0],
            failed=done.get(PageState.FAILED, (0, 0))[0],
            words=done.get(PageState.INDEXED, (0, 0))[1],
            seconds=seconds,
            stages={},
            processes=0,
            failures=tuple(self._context.catalogue.failures(documents=documents)),
            queued=not self._wait,
        )


def _tally(all_pages: dict[str, tuple[int, int]], done: dict[str, tuple[int, int]]) -> Tally:
    left = sum(all_pages.get(state, (0, 0))[0] for state in (PageState.WAITING, PageState.RUNNING))
    tally = Tally(
        indexed=done.get(PageState.INDEXED, (0, 0))[0],
        empty=done.get(PageState.EMPTY, (0, 0))[0],
        failed=done.get(PageState.FAILED, (0, 0))[0],
        words=done.get(PageState.INDEXED, (0, 0))[1],
    )
    tally.waiting = left + tally.done
    return tally


def _all_documents(context: Context, collection: str) -> list[str]:
    parts = in_parts(partial(context.catalogue.documents, collection))
    return [record.id for some in parts for record in some]
