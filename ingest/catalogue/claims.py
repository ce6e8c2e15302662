"""Taking pages up for work, and every way such work ends.

A claim is counted before the work. Claims of one page are numbered, and only the latest may finish, fail or release it:
a task delivered twice, or one that comes back from the dead, cannot undo what a later one did.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, delete, func, insert, select, update
from sqlalchemy.orm import Session

from ingest.catalogue import ids
from ingest.catalogue.database import rows_touched
from ingest.catalogue.listing import clean, wait_again
from ingest.catalogue.records import ClaimedPage, Draft
from ingest.catalogue.tables import (
    CollectionRow,
    DocumentRow,
    DocumentState,
    DraftRow,
    PageRow,
    PageState,
    SpaceRow,
    SpaceState,
    WordRow,
    now,
)

MAX_ATTEMPTS = 3
"""The third failure is final until `retry`."""


def claim_pages(session: Session, worker: str, limit: int, documents: Sequence[str]) -> list[ClaimedPage]:
    """Up to `limit` waiting pages of these documents, in order, each in RUNNING with its attempt counted."""
    query = (
        _claimable()
        .where(PageRow.state == PageState.WAITING, PageRow.document_id.in_(documents))
        .order_by(PageRow.document_id, PageRow.number)
        .limit(limit)
        .with_for_update(of=PageRow, skip_locked=True)
    )
    claimed = [_claim(page, document, worker) for page, document in session.execute(query)]
    return [page for page in claimed if page is not None]


def claim_page(session: Session, page_id: str, worker: str, takeover: bool) -> ClaimedPage | None:
    """One page by id; None where it needs no work or may not be worked on."""
    states = [PageState.WAITING, PageState.RUNNING] if takeover else [PageState.WAITING]
    query = _claimable().where(PageRow.id == page_id, PageRow.state.in_(states)).with_for_update(of=PageRow)
    found = session.execute(query).first()
    return _claim(*found, worker) if found else None


def _claimable() -> Select[PageRow, DocumentRow]:
    return (
        select(PageRow, DocumentRow)
        .join(DocumentRow, PageRow.document_id == DocumentRow.id)
        .join(CollectionRow, DocumentRow.collection_id == CollectionRow.id)
        .where(DocumentRow.state == DocumentState.LISTED, CollectionRow.paused.is_(False))
    )


def _claim(page: PageRow, document: DocumentRow, worker: str) -> ClaimedPage | None:
    if page.attempts >= MAX_ATTEMPTS:
        page.error = "WorkerLostError"
        page.reason = f"The program working on it died {MAX_ATTEMPTS} times. Last worker: {page.worker}."
        page.state, page.updated = PageState.FAILED, now()
        return None
    page.queued = False
    page.stale = page.stale or page.claim > 0
    page.claim += 1
    page.attempts += 1
    page.state, page.worker, page.updated = PageState.RUNNING, worker[:128], now()
    return claimed(page, document)


def claimed(page: PageRow, document: DocumentRow) -> ClaimedPage:
    """The record of a page that is taken up."""
    return ClaimedPage(
        page_id=page.id,
        claim=page.claim,
        attempts=page.attempts,
        number=page.number,
        digest=page.digest,
        document_id=document.id,
        document_digest=document.digest,
        uri=document.uri,
        kind=document.kind,
        collection_id=document.collection_id,
        metadata=document.details,
        stale=page.stale,
        image=page.image,
        canvas_size=(page.width, page.height) if page.width and page.height else None,
        painting=page.painting,
    )


def held(session: Session, page_id: str, claim: int) -> PageRow | None:
    """The page where that claim still holds it, locked; None where it was lost."""
    query = select(PageRow).where(PageRow.id == page_id, PageRow.claim == claim, PageRow.state == PageState.RUNNING)
    return session.scalar(query.with_for_update())


def save_draft(session: Session, page_id: str, claim: int, draft: Draft) -> bool:
    """Keep what segmentation found until the vectors are written. False where the claim was lost."""
    page = held(session, page_id, claim)
    if page is None:
        return False
    session.merge(DraftRow(page_id=page_id, claim=claim, content=draft.to_json()))
    page.updated = now()
    return True


def load_draft(session: Session, page_id: str, claim: int) -> Draft | None:
    """The draft of that claim."""
    row = session.get(DraftRow, page_id)
    return Draft.from_json(row.content) if row is not None and row.claim == claim else None


def finish_page(session: Session, page_id: str, claim: int, draft: Draft, space: str) -> bool:
    """Make the draft the live generation. False, and nothing changed, where the claim or the space is not the live one.

    The draft's vectors must be in the index of `space` already.
    """
    page = held(session, page_id, claim)
    if page is None:
        return False
    live = session.scalar(select(SpaceRow.key).where(SpaceRow.state == SpaceState.LIVE))
    if live != space:
        wait_again(page)
        return False
    session.execute(delete(WordRow).where(WordRow.page_id == page_id))
    rows = _word_rows(page, claim, draft)
    if rows:
        session.execute(insert(WordRow), rows)
    session.execute(delete(DraftRow).where(DraftRow.page_id == page_id))
    page.stale = page.stale or page.image not in (None, draft.image)
    page.state = PageState.INDEXED if rows else PageState.EMPTY
    page.width, page.height = draft.canvas_size
    page.image, page.painting = draft.image, dict(draft.painting) if draft.painting is not None else None
    page.generation, page.segmenter, page.space, page.next_space = claim, draft.segmenter, space, None
    page.words, page.attempts = len(rows), 0
    page.error, page.reason, page.updated = None, None, now()
    return True


def _word_rows(page: PageRow, claim: int, draft: Draft) -> list[dict[str, object]]:
    """One row a word; of two words in the same place the first stays."""
    rows: dict[str, dict[str, object]] = {}
    for word in draft.words:
        key = ids.word_id(page.id, page.digest, word.region, draft.segmenter)
        region = {"x": word.region.x, "y": word.region.y, "w": word.region.w, "h": word.region.h}
        place = {"line": word.line, "position": word.position, "span": word.span, "score": word.score}
        rows.setdefault(key, {"id": key, "page_id": page.id, "generation": claim, **region, **place})
    return list(rows.values())


def fail_page(session: Session, page_id: str, claim: int, error: str, reason: str, final: bool) -> PageState | None:
    """End a claim with an error: FAILED where `final` or after the third attempt, else WAITING. None: claim lost."""
    page = held(session, page_id, claim)
    if page is None:
        return None
    final = final or page.attempts >= MAX_ATTEMPTS
    page.state = PageState.FAILED if final else PageState.WAITING
    page.error, page.reason, page.updated = error, clean(reason), now()
    return page.state


def release_pages(session: Session, claims: Sequence[tuple[str, int]]) -> None:
    """Give pages back unworked, as on an interrupt: the attempt is not counted."""
    for page_id, claim in claims:
        page = held(session, page_id, claim)
        if page is not None:
            page.state, page.attempts, page.worker, page.updated = PageState.WAITING, page.attempts - 1, None, now()


def recover(session: Session, worker: str | None) -> int:
    """Pages left RUNNING by a dead run wait again, without counting that attempt. Returns how many.

    For the run that holds the only right to work under this `worker` name; None: whatever the name.
    """
    whose = [PageRow.worker == worker] if worker is not None else []
    done = session.execute(
        update(PageRow)
        .where(PageRow.state == PageState.RUNNING, *whose)
        .values(state=PageState.WAITING, attempts=func.coalesce(PageRow.attempts, 1) - 1, worker=None, updated=now())
    )
    return rows_touched(done)


def retry_failed(session: Session, collection: str | None, document: str | None) -> int:
    """Failed pages wait again with all attempts. Returns how many."""
    which = _within(collection, document)
    done = session.execute(
        update(PageRow)
        .where(PageRow.state == PageState.FAILED, *which)
        .values(state=PageState.WAITING, attempts=0, worker=None, error=None, reason=None, updated=now())
    )
    return rows_touched(done)


def requeue_other_segmenter(session: Session, segmenter: str, collection: str | None) -> int:
    """Pages indexed by another segmenter version wait for a new generation; the old one serves on. Returns how many."""
    which = _within(collection, None)
    done = session.execute(
        update(PageRow)
        .where(PageRow.state.in_([PageState.INDEXED, PageState.EMPTY]), PageRow.segmenter != segmenter, *which)
        .values(state=PageState.WAITING, attempts=0, worker=None, updated=now())
    )
    return rows_touched(done)


def requeue_page(session: Session, page_id: str) -> None:
    """One page waits for a new generation, made from its source; its stored image is not used again."""
    page = session.get(PageRow, page_id, with_for_update=True)
    if page is not None and page.state != PageState.REMOVING:
        page.image = None
        wait_again(page)


def _within(collection: str | None, document: str | None) -> list[ColumnElement[bool]]:
    """Conditions for the pages of a collection, of a document, or of all, by ids."""
    conditions: list[ColumnElement[bool]] = []
    if collection is not None:
        inside = select(DocumentRow.id).where(DocumentRow.collection_id == collection)
        conditions.append(PageRow.document_id.in_(inside))
    if document is not None:
        conditions.append(PageRow.document_id == document)
    return conditions
