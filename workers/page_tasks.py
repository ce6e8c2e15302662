"""What a worker of the queue `cpu` does with an id: list a document, prepare a page. No Celery here.

Both may be called twice, at once or again, and be killed anywhere: whoever holds the claim alone changes anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from infra.errors import InputError, LimitError, ManuspectError, UnexpectedError
from ingest.catalogue.queued import Input, QueuedWork
from ingest.catalogue.records import ClaimedPage
from workers.context import Context
from workers.page_process import Refused, refused
from workers.page_work import Listing, PageWork, Seconds
from workers.persist import persist

log = structlog.get_logger(__name__)

_PAUSE = 3.0
"""Seconds to wait after the disk or the like failed, before a page is given back."""


class PageTasks:
    """For one thread of one process."""

    def __init__(self, context: Context, worker: str, count: Callable[[str, float], None]) -> None:
        """`count` adds to a counter of that name: `seconds:STAGE`, `pages:STAGE`, `words:STAGE`."""
        self._context = context
        self._catalogue = context.catalogue
        self._queued = QueuedWork(context.catalogue)
        self._work = PageWork(context.settings)
        self._worker = worker
        self._count = count

    def list_document(self, key: str) -> str | None:
        """List the input of that id. Its document's id; None where there was nothing to do, or it failed."""
        given = persist(lambda: self._queued.claim_input(key, self._worker))
        if given is None:
            return None
        try:
            answer: Listing | Refused = self._work.list_document(given.uri)
        except BaseException as error:
            refusal = self._refusal(error)
            if refusal is None:
                persist(lambda: self._queued.return_input(key, given.claim, counted=False))
                raise
            answer = refusal
        if isinstance(answer, Listing):
            return self._record(given, answer)
        self._fail(given, answer)
        return None

    def prepare_page(self, page_id: str) -> int | None:
        """Convert and segment the page of that id; its draft waits for the model. Its claim; None: nothing to do."""
        page = persist(lambda: self._catalogue.claim_page(page_id, self._worker))
        if page is None:
            persist(lambda: self._queued.unqueue(page_id))
            return None
        with structlog.contextvars.bound_contextvars(document=page.document_id, page=page.page_id):
            return self._prepare(page)

    def _prepare(self, page: ClaimedPage) -> int | None:
        try:
            draft, seconds = self._work.draft(page)
        except BaseException as error:
            refusal = self._refusal(error)
            if refusal is None:
                log.warning("page given back", reason=str(error), number=page.number)
                persist(lambda: self._catalogue.release_pages([(page.page_id, page.claim)]))
                time.sleep(_PAUSE)
                raise
            self._fail_page(page, refusal)
            return None
        self._count_seconds(seconds)
        if not persist(lambda: self._queued.hand_over(page.page_id, page.claim, draft)):
            return None
        self._count("pages:segment", 1)
        self._count("words:segment", len(draft.words))
        log.debug("page segmented", number=page.number, words=len(draft.words))
        return page.claim

    def _record(self, given: Input, listing: Listing) -> str:
        result = persist(
            lambda: self._catalogue.list_document(
                given.collection_id,
                listing.info,
                listing.refs,
                base_url=self._context.settings.base_url,
                metadata=given.details,
            )
        )
        persist(lambda: self._queued.finish_input(given.id, given.claim))
        self._count_seconds(listing.seconds)
        log.info("document listed", document=result.document_id, input=given.uri, new=result.new + result.changed)
        return result.document_id

    def _count_seconds(self, seconds: Seconds) -> None:
        for stage, spent in seconds.items():
            self._count(f"seconds:{stage}", spent)

    def _fail(self, given: Input, refusal: Refused) -> None:
        last = refusal.final or given.attempts >= 3
        if last:
            persist(
                lambda: self._catalogue.fail_document(given.collection_id, given.uri, refusal.error, refusal.reason)
            )
            persist(lambda: self._queued.finish_input(given.id, given.claim))
        else:
            persist(lambda: self._queued.return_input(given.id, given.claim, counted=True))
        log.warning("document failed", input=given.uri, error=refusal.error, reason=refusal.reason, again=not last)

    def _fail_page(self, page: ClaimedPage, refusal: Refused) -> None:
        state = persist(
            lambda: self._catalogue.fail_page(
                page.page_id, page.claim, refusal.error, refusal.reason, final=refusal.final
            )
        )
        log.warning("page failed", number=page.number, error=refusal.error, reason=refusal.reason, state=str(state))

    def _refusal(self, error: BaseException) -> Refused | None:
        """What the input is to blame for; None where the surroundings failed, or the process is being ended."""
        if isinstance(error, InputError):
            return refused(error)
        if isinstance(error, SoftTimeLimitExceeded):
            limit = self._context.settings.page_timeout
            slow = refused(LimitError(f"It took longer than {limit:g} seconds (MANUSPECT_PAGE_TIMEOUT)."))
            return Refused(slow.error, slow.reason, final=False)
        if isinstance(error, MemoryError):
            return refused(LimitError("There is not enough memory for it."))
        if isinstance(error, ManuspectError) or not isinstance(error, Exception):
            return None
        return refused(UnexpectedError(f"{type(error).__name__}: {error}"))
