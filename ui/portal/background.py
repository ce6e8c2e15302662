"""Work on collections beside the pages: done here, or handed on to workers.

The in-line form of the work reads and segments in processes of its own; model and embedded index it shares with the
searching of this one, as a second process could not open the index meanwhile. One such job goes on at a time. With a
broker a job is done once the work is recorded, and only deleting waits for workers, beside other jobs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from infra.errors import ManuspectError
from ui.details import Detail
from ui.portal.importing import Activity
from ui.portal.words import count
from workers.context import Context
from workers.jobs import open_jobs
from workers.pipeline import IngestRequest

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Job:
    activity: Activity
    work: Callable[[], object]


_AT_ONCE = 4
"""Jobs handed on to workers at the same time."""


class BackgroundImporter:
    """`Importer` in threads that end with the process; the next run of anything carries on where they were."""

    def __init__(self, context: Context) -> None:
        """Raises SettingsError where the broker's address is wrong."""
        self._jobs = open_jobs(context, wait=False)
        self._catalogue = context.catalogue
        self._queue: deque[_Job] = deque()
        self._running: list[_Job] = []
        self._last: Activity | None = None
        self._changed = threading.Condition()
        for _ in range(1 if context.settings.broker_url is None else _AT_ONCE):
            threading.Thread(target=self._run, name="importer", daemon=True).start()

    def add(self, collection: str, inputs: Sequence[str], details: Sequence[Detail] = ()) -> None:
        """Add files, folders or URLs to the collection of that name, which shows at once."""
        self._catalogue.add_collection(collection)
        request = IngestRequest(tuple(inputs), collection, tuple(details))
        self._put(collection, f"Reading {count(len(inputs), 'input')}", lambda: self._jobs.ingest(request))

    def resume(self, collection: str) -> None:
        """Go on with what waits in the collection of that name."""
        self._put(collection, "Going on", lambda: self._jobs.ingest(IngestRequest((), collection)))

    def retry(self, collection: str) -> None:
        """Try once more what failed in the collection of that name."""
        self._put(collection, "Trying again what failed", lambda: self._jobs.retry(collection))

    def reindex(self, collection: str) -> None:
        """Bring the collection of that name up to the present model and segmenter."""
        self._put(collection, "Re-indexing", lambda: self._jobs.reindex(collection))

    def remove(self, collection: str) -> None:
        """Delete the collection of that name with all that was derived from it."""
        found = self._catalogue.collection(collection)
        if found is not None:
            self._put(collection, "Deleting", lambda: self._jobs.remove([], found.id))

    def activities(self) -> Sequence[Activity]:
        """What ended last, what runs, and what waits."""
        with self._changed:
            under_way = [job.activity for job in (*self._running, *self._queue)]
            return under_way if self._last is None else [self._last, *under_way]

    def _put(self, collection: str, what: str, work: Callable[[], object]) -> None:
        with self._changed:
            self._queue.append(_Job(Activity(collection, what, running=True), work))
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue)
                job = self._queue.popleft()
                self._running.append(job)
            error = _error_of(job)
            with self._changed:
                self._last = replace(job.activity, running=False, error=error)
                self._running.remove(job)


def _error_of(job: _Job) -> str | None:
    where = {"what": job.activity.what, "collection": job.activity.collection}
    try:
        job.work()
    except ManuspectError as error:
        log.warning("portal job failed", reason=str(error), **where)
        return str(error)
    except Exception:  # the thread must outlive whatever one job does
        log.exception("portal job failed", **where)
        return "Something unforeseen happened; the server's log says what."
    return None
