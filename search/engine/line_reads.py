"""Reading many lines of many pages at once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, tuple_

from ingest.catalogue.catalogue import Catalogue
from ingest.catalogue.records import WordRecord
from ingest.catalogue.tables import WordRow
from ingest.geometry import Region

_BATCH = 200
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


def words_on_lines(catalogue: Catalogue, lines: Sequence[tuple[str, int]]) -> list[WordRecord]:
    """The live words of the lines given as (page id, line number), in no order. Raises CatalogueError."""
    found: list[WordRecord] = []
    with catalogue._db.read() as session:
        for start in range(0, len(lines), _BATCH):
            chosen = tuple_(WordRow.page_id, WordRow.line).in_(lines[start : start + _BATCH])
            for word, page, line, position, span, x, y, w, h, score in session.execute(select(*_COLUMNS).where(chosen)):
                found.append(WordRecord(word, page, line, position, span, Region(x, y, w, h), score))
    return found
