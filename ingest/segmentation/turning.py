"""Pages turned by quarters, and regions turned back."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ingest.geometry import Region


def turned(pixels: NDArray[np.uint8], turns: int) -> NDArray[np.uint8]:
    """A page or a part of it, grey or colour, after so many quarter turns to the left."""
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns % 4 else pixels


def turned_back(region: Region, turns: int, shape: tuple[int, ...]) -> Region:
    """A region of the turned page on the page as it was, whose shape is (H, W)."""
    height, width = shape[:2]
    for before in range(turns % 4 - 1, -1, -1):
        side = width if before % 2 == 0 else height
        region = Region(side - region.y2, region.x, region.h, region.w)
    return region


def turns_by_reading(words: Iterable[tuple[int, int, Region]]) -> int:
    """By how many quarter turns to the left a page must be set upright, from its words: line, position, region.

    The words of a line follow one another to the right where it is upright, down the page where it lies on its right
    side, to the left where it stands on its head. 0 where no line has two words.
    """
    last: dict[int, tuple[int, Region]] = {}
    right = down = 0.0
    for line, position, region in sorted(words, key=lambda word: word[:2]):
        before = last.get(line)
        if before is not None and before[0] < position:
            right += region.centre[0] - before[1].centre[0]
            down += region.centre[1] - before[1].centre[1]
        last[line] = position, region
    if abs(right) >= abs(down):
        return 0 if right >= 0 else 2
    return 1 if down > 0 else 3
