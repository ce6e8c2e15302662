"""Who does the work: this process, or other machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from workers.context import Context
from workers.pipeline import IngestRequest, ingest, retry
from workers.reindex import ReindexReport, reindex
from workers.remove import remove
from workers.report import IngestReport, Progress, no_progress

if TYPE_CHECKING:
    from ingest.catalogue.adaptations import AdaptationRecord
    from workers.adapt_options import AdaptOptions


class Jobs(Protocol):
    """Long work. Every call may be repeated and may be killed anywhere; the next one carries on.

    Raises ManuspectError where the work cannot be done or handed on; what single inputs are to blame for is reported.
    """

    def ingest(self, request: IngestRequest, progress: Progress = no_progress) -> IngestReport:
        """Index what is new or changed. An adapter that hands the work on returns at once, with `queued` set."""
        ...

    def retry(self, collection: str | None, progress: Progress = no_progress) -> IngestReport:
        """Try again what failed, in the collection of that name or in all, and whatever waits there."""
        ...

    def reindex(self, collection: str | None, progress: Progress = no_progress) -> ReindexReport:
        """Bring every page up to the present model and segmenter; the old answers serve until the new are complete."""
        ...

    def adapt(self, collection: str, options: AdaptOptions, progress: Progress = no_progress) -> AdaptationRecord:
        """Adapt the model to the collection of that id; how it ended."""
        ...

    def remove(self, documents: list[str], collection: str | None = None) -> None:
        """Delete these documents, by id, then the collection of that id where one is given. Done when it returns."""
        ...


class InlineJobs:
    """`Jobs` in this process and its page processes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def ingest(self, request: IngestRequest, progress: Progress = no_progress) -> IngestReport:
        """Index what is new or changed; done when it returns."""
        return ingest(self._context, request, progress)

    def retry(self, collection: str | None, progress: Progress = no_progress) -> IngestReport:
        """Try again what failed; done when it returns."""
        return retry(self._context, collection, progress)

    def reindex(self, collection: str | None, progress: Progress = no_progress) -> ReindexReport:
        """Bring every page up to the present model and segmenter; done when it returns."""
        return reindex(self._context, collection, progress)

    def adapt(self, collection: str, options: AdaptOptions, progress: Progress = no_progress) -> AdaptationRecord:
        """Adapt the model to a collection; done when it returns."""
        from workers.adapt import adapt_collection

        return adapt_collection(self._context, collection, options, progress)

    def remove(self, documents: list[str], collection: str | None = None) -> None:
        """Delete documents, and the collection."""
        remove(self._context, documents, collection)


def open_jobs(context: Context, *, wait: bool = True) -> Jobs:
    """The adapter that the settings name. `wait`: where the work is handed on, for its end."""
    if context.settings.broker_url is None:
        return InlineJobs(context)
    from workers.celery_jobs import CeleryJobs

    return CeleryJobs(context, wait=wait)
