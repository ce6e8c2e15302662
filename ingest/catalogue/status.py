"""How far everything is, from the page rows alone: no word is counted one by one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingest.catalogue.records import CollectionStatus, Failure
from ingest.catalogue.tables import CollectionRow, DocumentRow, DocumentState, PageRow, PageState

_BATCH = 500


def status(session: Session, collection: str | None) -> list[CollectionStatus]:
    """One record a collection, by name; all collections, or the one with that id."""
    query = select(CollectionRow).order_by(CollectionRow.name)
    if collection is not None:
        query = query.where(CollectionRow.id == collection)
    documents = _documents_by_collection(session)
    pages = _pages_by_collection(session)
    failed = _failures_by_collection(session, collection)
    return [
        _status_of(row, documents.get(row.id, 0), pages.get(row.id, {}), tuple(failed.get(row.name, [])))
        for row in session.scalars(query)
    ]


def sizes(session: Session, documents: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Document id -> (pages, words), of these documents; those without pages are left out."""
    found: dict[str, tuple[int, int]] = {}
    for start in range(0, len(documents), _BATCH):
        query = select(PageRow.document_id, func.count(), func.coalesce(func.sum(PageRow.words), 0))
        query = query.where(PageRow.document_id.in_(documents[start : start + _BATCH])).group_by(PageRow.document_id)
        found |= {document: (pages, int(words)) for document, pages, words in session.execute(query)}
    return found


def states(session: Session, documents: Sequence[str]) -> dict[str, dict[str, int]]:
    """Document id -> state -> pages, of these documents; states without pages are left out."""
    found: dict[str, dict[str, int]] = {}
    for start in range(0, len(documents), _BATCH):
        query = select(PageRow.document_id, PageRow.state, func.count())
        query = query.where(PageRow.document_id.in_(documents[start : start + _BATCH]))
        for document, state, pages in session.execute(query.group_by(PageRow.document_id, PageRow.state)):
            found.setdefault(document, {})[state] = pages
    return found


def _status_of(
    row: CollectionRow, documents: int, pages: dict[str, tuple[int, int]], failed: tuple[Failure, ...]
) -> CollectionStatus:
    by_state = {str(state): pages.get(state, (0, 0))[0] for state in PageState}
    return CollectionStatus(
        name=row.name,
        paused=row.paused,
        documents=documents,
        pages=sum(by_state.values()) - by_state[PageState.REMOVING],
        words=sum(words for _, words in pages.values()),
        by_state=by_state,
        failures=failed,
    )


def _documents_by_collection(session: Session) -> dict[str, int]:
    query = (
        select(DocumentRow.collection_id, func.count())
        .where(DocumentRow.state != DocumentState.REMOVING)
        .group_by(DocumentRow.collection_id)
    )
    return {collection: documents for collection, documents in session.execute(query)}


def _pages_by_collection(session: Session) -> dict[str, dict[str, tuple[int, int]]]:
    """Collection id -> state -> (pages, words)."""
    query = (
        select(DocumentRow.collection_id, PageRow.state, func.count(), func.sum(PageRow.words))
        .join(DocumentRow, PageRow.document_id == DocumentRow.id)
        .group_by(DocumentRow.collection_id, PageRow.state)
    )
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for collection, state, pages, words in session.execute(query):
        found.setdefault(collection, {})[state] = pages, int(words)
    return found


def _failures_by_collection(session: Session, collection: str | None) -> dict[str, list[Failure]]:
    found: dict[str, list[Failure]] = {}
    for failure in failures(session, collection, None):
        found.setdefault(failure.collection, []).append(failure)
    return found


def failures(session: Session, collection: str | None, documents: Sequence[str] | None) -> list[Failure]:
    """Failed documents and pages, by input and page number; of all, of one collection, or of these documents."""
    if documents is None:
        found = _failures(session, collection, None)
    else:
        batches = [documents[start : start + _BATCH] for start in range(0, len(documents), _BATCH)]
        found = [failure for batch in batches for failure in _failures(session, collection, batch)]
    return sorted(found, key=lambda failure: (failure.collection, failure.input, failure.page or 0))


def _failures(session: Session, collection: str | None, documents: Sequence[str] | None) -> list[Failure]:
    of_documents = (
        select(DocumentRow.uri, DocumentRow.error, DocumentRow.reason, CollectionRow.name)
        .join(CollectionRow, DocumentRow.collection_id == CollectionRow.id)
        .where(DocumentRow.state == DocumentState.FAILED)
    )
    of_pages = (
        select(
            DocumentRow.uri,
            PageRow.number,
            PageRow.error,
            PageRow.reason,
            CollectionRow.name,
            PageRow.attempts,
            PageRow.worker,
        )
        .select_from(PageRow)
        .join(DocumentRow, PageRow.document_id == DocumentRow.id)
        .join(CollectionRow, DocumentRow.collection_id == CollectionRow.id)
        .where(PageRow.state == PageState.FAILED)
    )
    if collection is not None:
        of_documents = of_documents.where(DocumentRow.collection_id == collection)
        of_pages = of_pages.where(DocumentRow.collection_id == collection)
    if documents is not None:
        of_documents = of_documents.where(DocumentRow.id.in_(documents))
        of_pages = of_pages.where(DocumentRow.id.in_(documents))
    found = [
        Failure(uri, None, error or "", reason or "", name)
        for uri, error, reason, name in session.execute(of_documents)
    ]
    found += [
        Failure(uri, number, error or "", reason or "", name, attempts, worker)
        for uri, number, error, reason, name, attempts, worker in session.execute(of_pages)
    ]
    return found
