"""One word, one hit: of readings that share their ink, the surest stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import TypeVar

from ingest.geometry import Region

SAME_IOU = 0.5
SAME_CONTAINED = 0.8
"""Share of the smaller box inside the larger one."""

_CELL = 128
"""Pixels: only boxes that share a square of the page of that side are compared."""

T = TypeVar("T")


def same_ink(a: Region, b: Region) -> bool:
    """Whether two boxes show the same word, or a word and a part of it."""
    width, height = min(a.x2, b.x2) - max(a.x, b.x), min(a.y2, b.y2) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return False
    common = width * height
    return common >= SAME_CONTAINED * min(a.area, b.area) or common >= SAME_IOU * (a.area + b.area - common)


def without_overlaps(found: Iterable[T], place: Callable[[T], tuple[str, Region]]) -> list[T]:
    """The entries in their order, best first, less those whose ink an earlier one has. `place`: page id and region."""
    kept: list[T] = []
    taken: dict[tuple[str, int, int], list[Region]] = {}
    for entry in found:
        page, region = place(entry)
        cells = [(page, row, column) for row, column in _cells(region)]
        if not any(same_ink(region, other) for cell in cells for other in taken.get(cell, ())):
            kept.append(entry)
            for cell in cells:
                taken.setdefault(cell, []).append(region)
    return kept


def _cells(region: Region) -> Iterable[tuple[int, int]]:
    rows = range(region.y // _CELL, (region.y2 - 1) // _CELL + 1)
    columns = range(region.x // _CELL, (region.x2 - 1) // _CELL + 1)
    return product(rows, columns)
