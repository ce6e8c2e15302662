"""Reads for showing pages and for finding work; `lookup` has those for answering queries."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ingest.catalogue.records import (
    CollectionRecord,
    DocumentRecord,
    LivePage,
    PageRecord,
    WordRecord,
)
from ingest.catalogue.tables import (
    CollectionRow,
    DocumentRow,
    DocumentState,
    PageRow,
    PageState,
    WordRow,
)

_BATCH = 500
"""Ids in one IN list; SQLite and PostgreSQL both plan it well."""


def collection_record(row: CollectionRow) -> CollectionRecord:
    """The record of a row."""
    return CollectionRecord(row.id, row.name, row.paused, tuple(row.groups))


def document_record(row: DocumentRow) -> DocumentRecord:
    """The record of a row."""
    return DocumentRecord(
        id=row.id,
        collection_id=row.collection_id,
        uri=row.uri,
        kind=row.kind,
        label=row.label,
        digest=row.digest,
        manifest=row.manifest,
        details=row.details,
        state=DocumentState(row.state),
        error=row.error,
        reason=row.reason,
    )


def page_record(row: PageRow) -> PageRecord:
    """The record of a row."""
    return PageRecord(
        id=row.id,
        document_id=row.document_id,
        number=row.number,
        label=row.label,
        canvas=row.canvas,
        width=row.width,
        height=row.height,
        image_service=row.image_service,
        painting=row.painting,
        digest=row.digest,
        image=row.image,
        state=PageState(row.state),
        attempts=row.attempts,
        claim=row.claim,
        worker=row.worker,
        error=row.error,
        reason=row.reason,
        generation=row.generation,
        stale=row.stale,
        segmenter=row.segmenter,
        space=row.space,
        words=row.words,
    )


def word_record(row: WordRow) -> WordRecord:
    """The record of a row."""
    return WordRecord._make(getattr(row, name) for name in WordRecord._fields)


def page_words(session: Session, page: str, line: int | None = None) -> list[WordRecord]:
    """The live words of a page, or of one line of it, in reading order."""
    query = select(WordRow).where(WordRow.page_id == page)
    if line is not None:
        query = query.where(WordRow.line == line)
    return [word_record(row) for row in session.scalars(query.order_by(WordRow.line, WordRow.position, WordRow.span))]


def pages(session: Session, document: str, offset: int, limit: int) -> list[PageRecord]:
    """Pages of a document in order, those being removed left out."""
    query = select(PageRow).where(PageRow.document_id == document, PageRow.state != PageState.REMOVING)
    return [page_record(row) for row in session.scalars(query.order_by(PageRow.number).offset(offset).limit(limit))]


def pages_by_canvas(session: Session, canvas: str) -> list[PageRecord]:
    """The pages with that canvas id; more than one where several collections hold it."""
    query = _visible_pages().where(PageRow.canvas == canvas).order_by(PageRow.document_id)
    return [page_record(row) for row in session.scalars(query)]


def _visible_pages() -> Select[PageRow]:
    return (
        select(PageRow)
        .join(DocumentRow, PageRow.document_id == DocumentRow.id)
        .where(PageRow.state != PageState.REMOVING, DocumentRow.state != DocumentState.REMOVING)
    )


def documents(session: Session, collection: str | None, offset: int, limit: int) -> list[DocumentRecord]:
    """Documents in the order they were added, those being removed left out."""
    query = select(DocumentRow).where(DocumentRow.state != DocumentState.REMOVING)
    if collection is not None:
        query = query.where(DocumentRow.collection_id == collection)
    query = query.order_by(DocumentRow.added, DocumentRow.id).offset(offset).limit(limit)
    return [document_record(row) for row in session.scalars(query)]


def find_documents(session: Session, text: str, collection: str | None) -> list[DocumentRecord]:
    """Documents whose id, URI, manifest or label is exactly `text`."""
    same = (DocumentRow.id == text) | (DocumentRow.uri == text) | (DocumentRow.manifest == text)
    query = select(DocumentRow).where(same | (DocumentRow.label == text), DocumentRow.state != DocumentState.REMOVING)
    if collection is not None:
        query = query.where(DocumentRow.collection_id == collection)
    return [document_record(row) for row in session.scalars(query.order_by(DocumentRow.id))]


def documents_with_work(session: Session, collection: str | None) -> list[str]:
    """Ids of documents with waiting pages that may be claimed, oldest first."""
    waiting = select(PageRow.id).where(PageRow.document_id == DocumentRow.id, PageRow.state == PageState.WAITING)
    query = (
        select(DocumentRow.id)
        .join(CollectionRow, DocumentRow.collection_id == CollectionRow.id)
        .where(DocumentRow.state == DocumentState.LISTED, CollectionRow.paused.is_(False), waiting.exists())
    )
    if collection is not None:
        query = query.where(DocumentRow.collection_id == collection)
    return list(session.scalars(query.order_by(DocumentRow.added, DocumentRow.id)))


def live_page(session: Session, page: str) -> LivePage | None:
    """A page with its live words; None where it has no live generation."""
    query = (
        select(PageRow, DocumentRow)
        .join(DocumentRow, PageRow.document_id == DocumentRow.id)
        .where(PageRow.id == page, PageRow.generation > 0, PageRow.state != PageState.REMOVING)
    )
    found = session.execute(query).first()
    if found is None:
        return None
    row, document = found
    return LivePage(page_record(row), document.collection_id, document.details, tuple(page_words(session, page)))


def live_page_batch(session: Session, document: str | None, after: str, limit: int) -> list[str]:
    """Ids of pages that have words, in order of id, those after `after`; of a document, or of all."""
    query = select(PageRow.id).where(PageRow.words > 0, PageRow.id > after)
    if document is not None:
        query = query.where(PageRow.document_id == document)
    return list(session.scalars(query.order_by(PageRow.id).limit(limit)))


def count_waiting(session: Session, documents: Sequence[str]) -> int:
    """How many pages of these documents wait."""
    waiting = 0
    for start in range(0, len(documents), _BATCH):
        some = documents[start : start + _BATCH]
        query = select(func.count()).where(PageRow.state == PageState.WAITING, PageRow.document_id.in_(some))
        waiting += session.scalar(query) or 0
    return waiting
