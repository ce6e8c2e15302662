"""One word, one hit: of readings that share their ink, the surest stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ingest.geometry import Region

SAME_IOU = 0.5
SAME_CONTAINED = 0.8
"""Share of the smaller box inside the larger one."""

_BAND = 64
"""Pixels: only boxes that share such a band of the page are compared."""

T = TypeVar("T")


def same_ink(a: Region, b: Region) -> bool:
    """Whether two boxes show the same word, or a word and a part of it."""
    common = a.intersection(b)
    if common is None:
        return False
    return common.area >= SAME_CONTAINED * min(a.area, b.area) or common.area >= SAME_IOU * (
        a.area + b.area - common.area
    )


def without_overlaps(found: Iterable[T], place: Callable[[T], tuple[str, Region]]) -> list[T]:
    """The entries in their order, best first, less those whose ink an earlier one has. `place`: page id and region."""
    kept: list[T] = []
    taken: dict[tuple[str, int], list[Region]] = {}
    for entry in found:
        page, region = place(entry)
        bands = [(page, band) for band in range(region.y // _BAND, (region.y2 - 1) // _BAND + 1)]
        if not any(same_ink(region, other) for band in bands for other in taken.get(band, ())):
            kept.append(entry)
            for band in bands:
                taken.setdefault(band, []).append(region)
    return kept
