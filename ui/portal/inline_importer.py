"""Work on collections in this process, one job after the other, beside the pages.

Pages are read and segmented in processes of their own; the index and the model are shared with searching, as a second
process could not use the embedded index while it is open here.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from infra.errors import ManuspectError
from ui.portal.importing import Activity
from ui.portal.words import count
from workers.cleaning import remove_document
from workers.context import Context
from workers.home_lock import home_lock
from workers.pipeline import IngestRequest, ingest

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Job:
    activity: Activity
    work: Callable[[], None]


class InlineImporter:
    """`Importer` in a thread that ends with the process; the next start carries on with what the catalogue holds."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._jobs: deque[_Job] = deque()
        self._running: Activity | None = None
        self._last: Activity | None = None
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="importer", daemon=True)
        self._thread.start()

    def add(self, collection: str, inputs: Sequence[str]) -> None:
        """Add files, folders or URLs to the collection of that name."""
        self._context.catalogue.add_collection(collection)
        request = IngestRequest(tuple(inputs), collection)
        self._put(collection, f"Reading {count(len(inputs), 'input')}", lambda: self._ingest(request))

    def retry(self, collection: str) -> None:
        """Try once more what failed in the collection of that name."""
        request = IngestRequest(tuple(self._failed_documents(collection)), collection)

        def work() -> None:
            self._context.catalogue.retry_failed(self._id(collection))
            self._ingest(request)

        self._put(collection, "Trying again what failed", work)

    def reindex(self, collection: str) -> None:
        """Find the words of the collection of that name anew, beside the live ones."""

        def work() -> None:
            self._context.catalogue.requeue_other_segmenter("", self._id(collection))
            self._ingest(IngestRequest((), collection))

        self._put(collection, "Re-indexing", work)

    def remove(self, collection: str, document: str | None = None) -> None:
        """Delete the collection of that name, or one document of it by id, with all that was derived from it."""
        self._put(collection, "Deleting", lambda: self._remove(collection, document))

    def activities(self) -> Sequence[Activity]:
        """What runs and waits, oldest first, after the last thing that ended."""
        with self._changed:
            now = [self._last, self._running, *(job.activity for job in self._jobs)]
        return [activity for activity in now if activity is not None]

    def close(self) -> None:
        """Begin nothing further; what runs ends with the process and is carried on by the next."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _put(self, collection: str, what: str, work: Callable[[], None]) -> None:
        with self._changed:
            self._jobs.append(_Job(Activity(collection, what, running=True), work))
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._closed)
                if self._closed:
                    return
                job = self._jobs.popleft()
                self._running = job.activity
            error = self._error_of(job)
            with self._changed:
                self._last = replace(job.activity, running=False, error=error)
                self._running = None

    def _error_of(self, job: _Job) -> str | None:
        try:
            job.work()
        except ManuspectError as error:
            log.warning(
                "portal job failed", what=job.activity.what, collection=job.activity.collection, reason=str(error)
            )
            return str(error)
        except Exception:  # the thread must outlive whatever one job does
            log.exception("portal job failed", what=job.activity.what, collection=job.activity.collection)
            return "Something unforeseen happened; the server's log says what."
        return None

    def _ingest(self, request: IngestRequest) -> None:
        ingest(self._context, request)

    def _remove(self, collection: str, document: str | None) -> None:
        identity = self._id(collection)
        with home_lock(self._context.settings):
            if document is not None:
                remove_document(self._context, document)
                return
            while documents := self._context.catalogue.documents(identity):
                for record in documents:
                    remove_document(self._context, record.id)
            self._context.catalogue.forget_collection(identity)

    def _id(self, collection: str) -> str:
        return self._context.catalogue.add_collection(collection).id

    def _failed_documents(self, collection: str) -> list[str]:
        """Documents that could not be opened at all are given to the run again by their address."""
        failures = self._context.catalogue.failures(self._id(collection))
        return [failure.input for failure in failures if failure.page is None]
