"""The conditions of a query as the index takes them, never wider than what the asker may see."""

from __future__ import annotations

from infra.errors import UsageError
from search.engine.query import Bound, Query
from search.index.payload import as_number
from search.index.vector_index import IndexFilter


def index_filter(query: Query) -> IndexFilter | None:
    """None where the asker may see nothing of what is asked for. UsageError for a bound that is no number or date."""
    where = query.where
    collections = _visible(where.collections, query.visible)
    if collections is None:
        return None
    return IndexFilter(
        collections=collections,
        documents=where.documents,
        pages=where.pages,
        page_range=where.page_range,
        equals=where.equals,
        ranges={
            key: (_bound(key, low, end=False), _bound(key, high, end=True)) for key, (low, high) in where.ranges.items()
        },
    )


def _visible(asked: tuple[str, ...], visible: frozenset[str] | None) -> tuple[str, ...] | None:
    """The collections to search; empty for all, None for none."""
    if visible is None:
        return asked
    allowed = tuple(sorted(visible.intersection(asked) if asked else visible))
    return allowed or None


def _bound(key: str, value: Bound, *, end: bool) -> float | None:
    if value is None:
        return None
    number = as_number(value, end=end)
    if number is None:
        raise UsageError(f"{value!r}, a bound of {key}, is neither a number nor a date such as 1785 or 1785-03-14")
    return number
