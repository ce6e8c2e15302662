"""An IndexFilter as plain conditions on payload keys, which each adapter writes in its own types."""

from __future__ import annotations

from dataclasses import dataclass

from search.index.payload import as_text, escape
from search.index.vector_index import IndexFilter


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The value under `key` is one of `values`."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """The number under `key` lies within the bounds; `below` is exclusive, the others are inclusive."""

    key: str
    low: float | None = None
    high: float | None = None
    below: float | None = None


Condition = AnyOf | Between


def conditions(where: IndexFilter) -> tuple[list[Condition], list[Condition]]:
    """(all of these hold, none of these holds)."""
    must: list[Condition] = []
    for key, values in (("collection", where.collections), ("document", where.documents), ("page", where.pages)):
        if values:
            must.append(AnyOf(key, values))
    first, last = where.page_range
    if first is not None or last is not None:
        must.append(Between("page_number", first, last))
    if where.generation_below is not None:
        page, generation = where.generation_below
        must += [AnyOf("page", (page,)), Between("generation", below=generation)]
    must += [AnyOf(f"m.{escape(key)}", (as_text(value),)) for key, value in where.equals.items()]
    must += [Between(f"n.{escape(key)}", low, high) for key, (low, high) in where.ranges.items()]
    must_not: list[Condition] = [AnyOf("page", where.not_pages)] if where.not_pages else []
    return must, must_not
