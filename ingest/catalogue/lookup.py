"""Reads for answering queries: plain columns, many words at once, records only for the pages that are shown.

The words table holds each page's live generation and nothing else, so a word that is found here is live; a vector whose
word is not found here is not, whatever generation its point carries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, select, text
from sqlalchemy.orm import Session

from ingest.catalogue.records import (
    CollectionRecord,
    DocumentRecord,
    LiveWord,
    PageContext,
    PageRecord,
    WordRecord,
)
from ingest.catalogue.tables import CollectionRow, DocumentRow, DocumentState, PageRow, PageState, WordRow

T = TypeVar("T")

_BATCH = 2_000
"""Values in one statement."""
_WORDS, _PAGES = WordRow.__table__.c, PageRow.__table__.c
_DOCUMENTS, _COLLECTIONS = DocumentRow.__table__.c, CollectionRow.__table__.c
_WORD = [_WORDS[name] for name in WordRecord._fields]
_PAGE = [_PAGES[field.name] for field in fields(PageRecord)]
_DOCUMENT = [_DOCUMENTS[field.name] for field in fields(DocumentRecord)]
_COLLECTION = [_COLLECTIONS[field.name] for field in fields(CollectionRecord)]
_PAGE_STATE, _DOCUMENT_STATE = (
    [field.name for field in fields(record)].index("state") for record in (PageRecord, DocumentRecord)
)
_VISIBLE_DOCUMENT = _DOCUMENTS.state != DocumentState.REMOVING
_VISIBLE = (_PAGES.state != PageState.REMOVING) & _VISIBLE_DOCUMENT

_LIVE_WORDS = (
    select(*_WORD, _PAGES.number, _DOCUMENTS.id, _DOCUMENTS.collection_id)
    .join_from(WordRow.__table__, PageRow.__table__, _WORDS.page_id == _PAGES.id)
    .join(DocumentRow.__table__, _PAGES.document_id == _DOCUMENTS.id)
    .where(_WORDS.id.in_(bindparam("ids", expanding=True)), _VISIBLE)
)
_PAGE_CONTEXTS = (
    select(*_PAGE, *_DOCUMENT, *_COLLECTION)
    .join_from(PageRow.__table__, DocumentRow.__table__, _PAGES.document_id == _DOCUMENTS.id)
    .join(CollectionRow.__table__, _DOCUMENTS.collection_id == _COLLECTIONS.id)
    .where(_PAGES.id.in_(bindparam("ids", expanding=True)), _VISIBLE)
)
_DOCUMENT_CONTEXTS = (
    select(*_DOCUMENT, *_COLLECTION)
    .join_from(DocumentRow.__table__, CollectionRow.__table__, _DOCUMENTS.collection_id == _COLLECTIONS.id)
    .where(_DOCUMENTS.id.in_(bindparam("ids", expanding=True)), _VISIBLE_DOCUMENT)
)


_LINES_AT_ONCE = 64
_wanted = ", ".join(f"(CAST(:page{i} AS VARCHAR), CAST(:line{i} AS INTEGER))" for i in range(_LINES_AT_ONCE))
_ON_LINES = text(
    # By page, generation and line, as the index `words_by_place` has them: a plain IN would read the whole table.
    # As text, since VALUES in the words of SQLAlchemy are put together anew, in 3 ms, each time.
    f"WITH wanted (page, line) AS (VALUES {_wanted}) "  # noqa: S608
    f"SELECT {', '.join(map(str, _WORD))} FROM wanted "
    "JOIN pages ON pages.id = wanted.page "
    "JOIN words ON words.page_id = pages.id AND words.generation = pages.generation AND words.line = wanted.line"
)


def live_words(session: Session, ids: Sequence[str]) -> dict[str, LiveWord]:
    """Word id -> the word and where it is kept; ids that are not live are absent."""
    end = len(_WORD)
    return {row[0]: LiveWord(WordRecord._make(row[:end]), *row[end:]) for row in _rows(session, _LIVE_WORDS, ids)}


def page_contexts(session: Session, ids: Sequence[str]) -> dict[str, PageContext]:
    """Page id -> the page with its document and collection; pages that are being removed are absent."""
    end = len(_PAGE)
    return {row[0]: PageContext(_page(row[:end]), *_document(row[end:])) for row in _rows(session, _PAGE_CONTEXTS, ids)}


def document_contexts(session: Session, ids: Sequence[str]) -> dict[str, tuple[DocumentRecord, CollectionRecord]]:
    """Document id -> the document and its collection; documents that are being removed are absent."""
    return {row[0]: _document(row) for row in _rows(session, _DOCUMENT_CONTEXTS, ids)}


def words_on_lines(session: Session, lines: Iterable[tuple[str, int]]) -> list[WordRecord]:
    """The live words of the lines given as (page id, line number), in no order."""
    connection = session.connection()
    found: list[WordRecord] = []
    for some in _batches(lines, _LINES_AT_ONCE):
        asked = dict.fromkeys(f"{name}{i}" for name in ("page", "line") for i in range(_LINES_AT_ONCE))
        for i, (page, line) in enumerate(some):
            asked |= {f"page{i}": page, f"line{i}": line}
        found += map(WordRecord._make, connection.execute(_ON_LINES, asked).all())
    return found


def _rows(session: Session, query: Select[Any], ids: Iterable[str]) -> Iterator[Sequence[Any]]:
    connection = session.connection()
    for some in _batches(ids):
        yield from connection.execute(query, {"ids": some}).all()


def _batches(items: Iterable[T], size: int = _BATCH) -> Iterator[list[T]]:
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


def _page(row: Sequence[Any]) -> PageRecord:
    values = list(row)
    values[_PAGE_STATE] = PageState(values[_PAGE_STATE])
    return PageRecord(*values)


def _document(row: Sequence[Any]) -> tuple[DocumentRecord, CollectionRecord]:
    values = list(row[: len(_DOCUMENT)])
    values[_DOCUMENT_STATE] = DocumentState(values[_DOCUMENT_STATE])
    owner, name, paused, groups = row[len(_DOCUMENT) :]
    return DocumentRecord(*values), CollectionRecord(owner, name, paused, tuple(groups))
