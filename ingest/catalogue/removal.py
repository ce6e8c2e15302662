"""Removing, in steps that can be repeated: hide first, delete vectors and images outside, then the rows."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ingest.catalogue.spaces import retire_adapted
from ingest.catalogue.tables import (
    AdaptationRow,
    CollectionRow,
    DocumentRow,
    DocumentState,
    DraftRow,
    InputRow,
    LabelRow,
    PageRow,
    PageState,
    WatchRow,
    WordRow,
    now,
)

_ON_PAGES: tuple[type[WordRow] | type[DraftRow] | type[LabelRow], ...] = (WordRow, DraftRow, LabelRow)
"""Rows that go with their page."""


def begin_document(session: Session, document: str) -> None:
    """Hide a document at once and stop all work on it."""
    session.execute(
        update(DocumentRow).where(DocumentRow.id == document).values(state=DocumentState.REMOVING, updated=now())
    )
    session.execute(
        update(PageRow)
        .where(PageRow.document_id == document, PageRow.state != PageState.REMOVING)
        .values(state=PageState.REMOVING, claim=PageRow.claim + 1, updated=now())
    )


def documents_being_removed(session: Session) -> list[str]:
    """Ids of the documents whose removal began and did not end."""
    return list(session.scalars(select(DocumentRow.id).where(DocumentRow.state == DocumentState.REMOVING)))


def forget_document(session: Session, document: str) -> None:
    """Delete all rows of a document whose vectors and images are gone."""
    pages = select(PageRow.id).where(PageRow.document_id == document)
    for row in _ON_PAGES:
        session.execute(delete(row).where(row.page_id.in_(pages)))
    session.execute(delete(PageRow).where(PageRow.document_id == document))
    session.execute(delete(DocumentRow).where(DocumentRow.id == document))


def forget_collection(session: Session, collection: str) -> bool:
    """Delete a collection without documents. False where it still has some."""
    if session.scalar(select(DocumentRow.id).where(DocumentRow.collection_id == collection).limit(1)) is not None:
        return False
    session.execute(delete(InputRow).where(InputRow.collection_id == collection))
    session.execute(delete(WatchRow).where(WatchRow.collection_id == collection))
    retire_adapted(session, collection)
    session.execute(delete(AdaptationRow).where(AdaptationRow.collection_id == collection))
    session.execute(delete(CollectionRow).where(CollectionRow.id == collection))
    return True


def pages_being_removed(session: Session, limit: int) -> list[tuple[str, str, int]]:
    """(page id, document id, number) of pages that left a document which stays."""
    query = (
        select(PageRow.id, PageRow.document_id, PageRow.number)
        .join(DocumentRow, PageRow.document_id == DocumentRow.id)
        .where(PageRow.state == PageState.REMOVING, DocumentRow.state != DocumentState.REMOVING)
        .limit(limit)
    )
    return list(session.execute(query))


def forget_page(session: Session, page: str) -> None:
    """Delete the row of a page whose vectors and image are gone; nothing where it came back in the meantime."""
    found = session.get(PageRow, page, with_for_update=True)
    if found is not None and found.state == PageState.REMOVING:
        for row in _ON_PAGES:
            session.execute(delete(row).where(row.page_id == page))
        session.delete(found)


def stale_pages(session: Session, limit: int) -> list[str]:
    """Pages at rest that may have vectors or images of earlier generations or claims."""
    settled = [PageState.INDEXED, PageState.EMPTY, PageState.FAILED]
    query = select(PageRow.id).where(PageRow.state.in_(settled), PageRow.stale.is_(True)).limit(limit)
    return list(session.scalars(query))


def clear_stale(session: Session, page: str, claim: int) -> bool:
    """Nothing old is left of this page, seen at that claim.

    Where it was claimed again while the old was being deleted, something new may have been deleted with it: that claim
    is made void and the page waits again. False then.
    """
    row = session.get(PageRow, page, with_for_update=True)
    if row is None or row.state == PageState.REMOVING:
        return False
    if row.claim == claim:
        row.stale = False
        return True
    row.claim += 1
    row.state, row.attempts, row.worker, row.stale, row.updated = PageState.WAITING, 0, None, True, now()
    return False


def mark_stale(session: Session, page: str) -> None:
    """A claim that was lost may have written vectors."""
    session.execute(update(PageRow).where(PageRow.id == page).values(stale=True))
