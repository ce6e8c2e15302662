"""What a point carries besides its vector: what filters, and what the model reads there.

Metadata keys come from outside and may hold dots or quotes, which paths into a payload cannot; they are written as
letters, digits and `_xx` bytes. A metadata value is kept as text under `m` and, where it is a number or a date, as a
number under `n`.
"""

from __future__ import annotations

import base64
import calendar
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from search.index.vector_index import Point, Scalar

KEYWORDS = ("collection", "document", "page")
"""Payload keys that hold ids; the collection is the tenant."""
INTEGERS = ("generation", "page_number")
READING = "read"
"""Payload key of the packed reading, in Base64; absent where there is none."""
MAX_INDEXED_KEYS = 64
"""Metadata keys with an index of their own; a filter on any further key still works, more slowly."""

_DATE = re.compile(r"^\s*(-?\d{1,6})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:T.*)?\s*$")


def payload(point: Point) -> dict[str, Any]:
    """The stored form of a point's attributes."""
    stored: dict[str, Any] = {
        "collection": point.collection,
        "document": point.document,
        "page": point.page,
        "generation": point.generation,
        "page_number": point.page_number,
    }
    if point.metadata:
        stored["m"] = {escape(key): as_text(value) for key, value in point.metadata.items()}
        numbers = {escape(key): as_number(value) for key, value in point.metadata.items()}
        stored["n"] = {key: number for key, number in numbers.items() if number is not None}
    if point.reading:
        stored[READING] = base64.b64encode(point.reading).decode("ascii")
    return stored


def reading_of(stored: Mapping[str, Any] | None) -> bytes:
    """The reading in a stored form; empty where there is none."""
    return base64.b64decode((stored or {}).get(READING, ""))


def metadata_keys(points: Iterable[Point]) -> list[str]:
    """Escaped metadata keys of the points, sorted."""
    return sorted({escape(key) for point in points for key in point.metadata})


def escape(key: str) -> str:
    """A key of letters, digits and `_xx` bytes; different keys stay different."""
    parts = (c if c.isascii() and c.isalnum() else "".join(f"_{b:02x}" for b in _utf8(c)) for c in key)
    return "".join(parts) or "_"


def as_text(value: Scalar) -> str:
    """The form in which values are compared for equality: 1785 and "1785" are equal."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _utf8(str(value)).decode("utf-8")


def as_number(value: Scalar, *, end: bool = False) -> float | None:
    """Numbers as they are; ISO dates as a year and its passed fraction; None for other text.

    So years and dates share one axis. `end` gives the end of a day, month or year instead of its start, for the upper
    bound of a range: "1785-03" to "1785-03" holds all of March.
    """
    match = _DATE.match(value) if isinstance(value, str) else None
    if match is not None:
        return _date_number(*match.groups(), end=end)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _date_number(year: str, month: str | None, day: str | None, *, end: bool) -> float | None:
    y = int(year)
    if month is None:
        return float(y) + (_ALMOST if end else 0.0)
    m = int(month)
    if not 1 <= m <= 12:
        return None
    lengths = [31, 29 if calendar.isleap(y) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    if day is not None and not 1 <= int(day) <= lengths[m - 1]:
        return None
    first = sum(lengths[: m - 1]) + (int(day) - 1 if day else 0)
    passed = first + (1 if day else lengths[m - 1]) * (_ALMOST if end else 0.0)
    return y + passed / sum(lengths)


_ALMOST = 0.999
"""The share of a period that a range ending with it takes in: all of it, and nothing of the next."""


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
