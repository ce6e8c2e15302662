"""From inputs to hits in one process tree: the in-line form of the whole work.

    inputs -> list -> [page processes: read, store, segment, cut] -> [thread: embed] -> [thread: upsert, record]

All of it goes on at once and the slowest part sets the pace. What lies between the parts is bounded, so memory does not
grow with the length of a document. Everything that was begun is in the catalogue, so the next run carries on wherever
this one is stopped.
"""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing import Pipe

import structlog

from infra.errors import UsageError
from infra.memory import give_back_freed_memory
from ingest.catalogue import PageState
from ingest.catalogue.records import ClaimedPage, Metadata
from workers.cleaning import tidy
from workers.context import Context
from workers.embed_stage import EmbedStage
from workers.home_lock import home_lock
from workers.inputs import InputFeed, identity
from workers.page_pool import PagePool
from workers.page_process import Answer, Broken, ListTask, Refused, Task
from workers.page_work import Listing, Prepared
from workers.refresh import refresh_metadata
from workers.report import IngestReport, Progress, Tally, no_progress, sum_reports
from workers.write_stage import WriteStage

log = structlog.get_logger(__name__)

_MOST_PAGES = 96
"""Pages between being claimed and being written, at most."""
_MOST_BYTES = 48 << 20
"""Bytes of crops that may wait for the model before no further page is begun: some ten large pages."""
_DOCUMENTS_AT_ONCE = 20
_OPTIMIZE_FROM = 20_000
"""Words written in a run that make it worth rebuilding what searching fast needs."""
_SHARED_SECONDS = 3600.0
"""Half-written images are deleted when they are so old, where others may be writing to the same store."""
_TICK = 0.25


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What to ingest, and where to."""

    inputs: tuple[str, ...]
    """Paths and URLs as given; none: only carry on with what waits."""
    collection: str | None
    """Name, made where it is new; None (without inputs only): whatever waits in any collection."""
    metadata: tuple[tuple[str, str | int | float], ...] = ()
    """Added to the documents listed."""


def ingest(context: Context, request: IngestRequest, progress: Progress = no_progress) -> IngestReport:
    """Index every page of the inputs that is new or changed, and every page that waits in the collection.

    Raises ManuspectError where the run cannot go on; what one input is to blame for is in the report instead.
    KeyboardInterrupt passes through after pages under way were given back.
    """
    if request.inputs and request.collection is None:
        raise UsageError("Inputs need a collection to go to.")
    with home_lock(context.settings):
        recover(context)
        return ingest_locked(context, request, progress)


def retry(context: Context, collection: str | None = None, progress: Progress = no_progress) -> IngestReport:
    """Try again what failed in the collection of that name, or in all, and carry on with whatever waits there.

    Documents of failed pages are listed again, as the fault may have been mended at its source.
    """
    names = [collection] if collection is not None else [found.name for found in context.catalogue.collections()]
    with home_lock(context.settings):
        recover(context)
        reports = [_retry_locked(context, name, progress) for name in names]
    return sum_reports(reports)


def _retry_locked(context: Context, collection: str, progress: Progress) -> IngestReport:
    found = context.catalogue.collection(collection)
    if found is None:
        raise UsageError(f"There is no collection {collection!r}. `manuspect status` lists them.")
    failed = dict.fromkeys(failure.input for failure in context.catalogue.failures(found.id))
    context.catalogue.retry_failed(found.id)
    return ingest_locked(context, IngestRequest(tuple(failed), collection), progress)


def recover(context: Context) -> None:
    """Take back what a run that died left behind. Only for the holder of the home's lock."""
    alone = context.settings.database_url is None
    if context.catalogue.recover(None if alone else worker_name(context)):
        context.files.sweep(older_than=0.0 if alone else _SHARED_SECONDS)


def ingest_locked(context: Context, request: IngestRequest, progress: Progress = no_progress) -> IngestReport:
    """`ingest` for the holder of the home's lock."""
    start = time.monotonic()
    give_back_freed_memory()
    tidy(context)
    with _Run(context, request, progress) as run:
        run.work()
    tidy(context)
    refresh_metadata(context)
    if run.tally.words >= _OPTIMIZE_FROM:
        context.live_index().optimize()
    return run.report(time.monotonic() - start)


def worker_name(context: Context) -> str:
    """Under which the pages of in-line runs of this home are claimed."""
    return f"inline:{socket.gethostname()}:{context.settings.home.absolute()}"[:128]


def process_count(context: Context) -> int:
    """Page processes to run."""
    return context.settings.processes or min(4, os.cpu_count() or 1)


class _Run:
    """One run: hands out tasks, gathers answers, keeps the stages fed, and knows which pages it holds."""

    def __init__(self, context: Context, request: IngestRequest, progress: Progress) -> None:
        self._context = context
        self._progress = progress
        self._collection = context.catalogue.add_collection(request.collection).id if request.collection else None
        self._metadata: Metadata = dict(request.metadata)
        if self._collection is not None:
            context.catalogue.forget_unlisted(self._collection, [identity(given) for given in request.inputs])
        self._documents: deque[str] = deque(context.catalogue.documents_with_work(self._collection))
        self._listed: dict[str, None] = dict.fromkeys(self._documents)
        self._ready: deque[ClaimedPage] = deque()
        self._held: dict[str, ClaimedPage] = {}
        self._listing = 0
        self.tally = Tally(waiting=context.catalogue.count_waiting(list(self._documents)))
        self._inputs = InputFeed(request.inputs, context.settings)
        self._woken, self._wake = Pipe(duplex=False)
        self._pool = PagePool(context.settings, process_count(context))
        self._writer = WriteStage(context, self.tally, self._page_is_written)
        self._embedder = EmbedStage(
            lambda: self._context.embedder, context.settings.embed_batch, self.tally, self._writer.put
        )

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """On an error or interrupt, give back what is held."""
        self._inputs.stop()
        self._pool.close()
        if kind is None:
            self._embedder.finish()
            self._writer.finish()
        else:
            self._embedder.stop()
            self._writer.stop()
            self._context.catalogue.release_pages([(page.page_id, page.claim) for page in self._held.values()])
        self._woken.close()
        self._wake.close()

    def work(self) -> None:
        """Until every input is listed and no page waits."""
        while True:
            self._hand_out()
            if self._is_done():
                return
            for task, answer in self._pool.wait(_TICK, also=[self._woken]):
                self._take(task, answer)
            self._take_written()
            self._raise_errors()
            self._progress(self.tally)

    def _hand_out(self) -> None:
        """Keep every process busy: one lists documents while the others work on pages, as long as there are pages."""
        while self._pool.free:
            if not self._listing and (uri := self._next_input()):
                self._submit_listing(uri)
            elif page := self._next_page():
                self._pool.submit(page)
            elif uri := self._next_input():
                self._submit_listing(uri)
            else:
                return

    def _submit_listing(self, uri: str) -> None:
        self._listing += 1
        self._pool.submit(ListTask(uri))

    def _next_input(self) -> str | None:
        """The next document to list. Those that expansion refused are recorded on the way."""
        while (item := self._inputs.next()) is not None:
            if item.error is None:
                return item.uri
            self._fail_document(item.uri, type(item.error).__name__, item.error.reason)
        return None

    def _next_page(self) -> ClaimedPage | None:
        under_way = len(self._held) - len(self._ready)
        if under_way >= max(_MOST_PAGES, 4 * self._pool.size) or self._embedder.bytes_waiting >= _MOST_BYTES:
            return None
        while not self._ready and self._documents:
            first = [self._documents[i] for i in range(min(_DOCUMENTS_AT_ONCE, len(self._documents)))]
            size = 2 * self._pool.size
            self._ready.extend(self._context.catalogue.claim_pages(worker_name(self._context), size, first))
            self._held.update((page.page_id, page) for page in self._ready)
            if len(self._ready) < size:
                for _ in first:
                    self._documents.popleft()
        return self._ready.popleft() if self._ready else None

    def _take(self, task: Task, answer: Answer) -> None:
        """Record an answer of the pool."""
        if isinstance(answer, Broken):
            raise answer.error
        if isinstance(task, ListTask):
            self._listing -= 1
            if isinstance(answer, Listing):
                self._list(answer)
            elif isinstance(answer, Refused):
                self._fail_document(task.uri, answer.error, answer.reason)
        elif isinstance(answer, Prepared):
            self.tally.spend(answer.seconds)
            self._embedder.put(task, answer)
        elif isinstance(answer, Refused):
            self._fail_page(task, answer)

    def _list(self, listing: Listing) -> None:
        assert self._collection is not None, "inputs come with a collection"
        result = self._context.catalogue.list_document(
            self._collection,
            listing.info,
            listing.refs,
            base_url=self._context.settings.base_url,
            metadata=self._metadata,
        )
        self.tally.spend(listing.seconds)
        found = result.new + result.changed
        self.tally.add(documents=1, new=found, unchanged=result.unchanged, removed=result.removed, waiting=found)
        self._listed[result.document_id] = None
        if found:
            self._documents.append(result.document_id)
        log.debug("document listed", document=result.document_id, input=listing.info.uri, new=found)

    def _fail_document(self, uri: str, error: str, reason: str) -> None:
        assert self._collection is not None, "inputs come with a collection"
        document = self._context.catalogue.fail_document(self._collection, uri, error, reason)
        self._listed[document] = None
        log.debug("document failed", document=document, input=uri, error=error, reason=reason)

    def _fail_page(self, page: ClaimedPage, answer: Refused) -> None:
        state = self._context.catalogue.fail_page(
            page.page_id, page.claim, answer.error, answer.reason, final=answer.final
        )
        del self._held[page.page_id]
        if state == PageState.FAILED:
            self.tally.add(failed=1)
        elif state == PageState.WAITING:
            self._documents.append(page.document_id)
        log.debug(  # the report tells a person
            "page failed",
            document=page.document_id,
            page=page.page_id,
            input=page.uri,
            number=page.number,
            error=answer.error,
            reason=answer.reason,
            attempt=page.attempts,
            again=state == PageState.WAITING,
        )

    def _page_is_written(self, page: str) -> None:
        """Called in the writer's thread."""
        self._wake.send(page)

    def _take_written(self) -> None:
        while self._woken.poll():
            self._held.pop(self._woken.recv(), None)

    def _raise_errors(self) -> None:
        for stage in (self._writer, self._embedder):
            if stage.error is not None:
                raise stage.error

    def _is_done(self) -> bool:
        return not (self._listing or self._held or self._ready or self._documents) and self._inputs.is_exhausted

    def report(self, seconds: float) -> IngestReport:
        """The end of the run."""
        tally = self.tally
        return IngestReport(
            documents=tally.documents,
            new=tally.new,
            unchanged=tally.unchanged,
            removed=tally.removed,
            indexed=tally.indexed,
            empty=tally.empty,
            failed=tally.failed,
            words=tally.words,
            seconds=seconds,
            stages=dict(tally.stages),
            processes=process_count(self._context),
            failures=tuple(self._context.catalogue.failures(documents=list(self._listed))),
        )
