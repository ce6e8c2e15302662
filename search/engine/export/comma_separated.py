"""Hits as CSV: RFC 4180, UTF-8, one row a hit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from search.engine.hits import Hit

COLUMNS = (
    "confidence",
    "score",
    "collection",
    "document",
    "page",
    "page_label",
    "canvas",
    "xywh",
    "region_url",
    "manifest",
    "word_id",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that a spreadsheet would take for a formula."""


def comma_separated(hits: Sequence[Hit]) -> Iterator[str]:
    """A heading and one line a hit."""
    yield _line(COLUMNS)
    for hit in hits:
        values = hit.to_json()
        yield _line(tuple(_cell(values[column]) for column in COLUMNS))


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _line(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
