"""Reading many words with their pages at once: plain columns for the words, one record for each page."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from ingest.catalogue.catalogue import Catalogue
from ingest.catalogue.reading import collection_record, document_record, page_record
from ingest.catalogue.records import CollectionRecord, DocumentRecord, PageRecord, WordContext, WordRecord
from ingest.catalogue.tables import CollectionRow, DocumentRow, DocumentState, PageRow, PageState, WordRow
from ingest.geometry import Region

_BATCH = 500
"""Values in one IN list."""
_COLUMNS = (
    WordRow.id,
    WordRow.page_id,
    WordRow.line,
    WordRow.position,
    WordRow.span,
    WordRow.x,
    WordRow.y,
    WordRow.w,
    WordRow.h,
    WordRow.score,
)
_Page = tuple[PageRecord, DocumentRecord, CollectionRecord]


def word_contexts(catalogue: Catalogue, ids: Sequence[str]) -> dict[str, WordContext]:
    """Word id -> the live word with page, document and collection. Ids that are not live are absent; CatalogueError."""
    with catalogue._db.read() as session:
        words = [
            word
            for start in range(0, len(ids), _BATCH)
            for word in _words(session, WordRow.id.in_(ids[start : start + _BATCH]))
        ]
        pages = _pages(session, sorted({word.page_id for word in words}))
    return {word.id: WordContext(word, *pages[word.page_id]) for word in words if word.page_id in pages}


def words_on_lines(catalogue: Catalogue, lines: Sequence[tuple[str, int]]) -> list[WordRecord]:
    """The live words of the lines given as (page id, line number), in no order. Raises CatalogueError."""
    with catalogue._db.read() as session:
        return [
            word
            for start in range(0, len(lines), _BATCH)
            for word in _words(session, tuple_(WordRow.page_id, WordRow.line).in_(lines[start : start + _BATCH]))
        ]


def _words(session: Session, chosen: ColumnElement[bool]) -> list[WordRecord]:
    return [
        WordRecord(word, page, line, position, span, Region(x, y, w, h), score)
        for word, page, line, position, span, x, y, w, h, score in session.execute(select(*_COLUMNS).where(chosen))
    ]


def _pages(session: Session, ids: Sequence[str]) -> dict[str, _Page]:
    """Page id -> records; pages and documents that are being removed are absent."""
    found: dict[str, _Page] = {}
    documents: dict[str, tuple[DocumentRecord, CollectionRecord]] = {}
    for start in range(0, len(ids), _BATCH):
        query = (
            select(PageRow, DocumentRow, CollectionRow)
            .join(DocumentRow, PageRow.document_id == DocumentRow.id)
            .join(CollectionRow, DocumentRow.collection_id == CollectionRow.id)
            .where(PageRow.id.in_(ids[start : start + _BATCH]))
            .where(PageRow.state != PageState.REMOVING, DocumentRow.state != DocumentState.REMOVING)
        )
        for page, document, collection in session.execute(query):
            if document.id not in documents:
                documents[document.id] = document_record(document), collection_record(collection)
            found[page.id] = page_record(page), *documents[document.id]
    return found
