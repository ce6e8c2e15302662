"""Pages turned by quarters, and regions turned back."""

from __future__ import annotations

import numpy as np

from ingest.geometry import Region
from ingest.sources.source import Grey


def turned(grey: Grey, turns: int) -> Grey:
    """The page after so many quarter turns to the left."""
    return np.ascontiguousarray(np.rot90(grey, turns)) if turns % 4 else grey


def turned_back(region: Region, turns: int, shape: tuple[int, ...]) -> Region:
    """A region of the turned page on the page as it was, whose shape is (H, W)."""
    height, width = shape[:2]
    for before in range(turns % 4 - 1, -1, -1):
        side = width if before % 2 == 0 else height
        region = Region(side - region.y2, region.x, region.h, region.w)
    return region
