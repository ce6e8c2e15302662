"""Connected parts of ink, and the words they make along a line."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.geometry import Region
from ingest.segmentation.ink import Mask


@dataclass(frozen=True, slots=True)
class Parts:
    """Connected parts as columns of equal length, working pixels."""

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    w: NDArray[np.int32]
    h: NDArray[np.int32]
    area: NDArray[np.int32]
    """Ink pixels."""
    cx: NDArray[np.float64]
    cy: NDArray[np.float64]
    """Centre of mass."""

    def __len__(self) -> int:
        return len(self.x)

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int_]) -> Parts:
        """Those that `which` picks, by mask or by index."""
        return Parts(**{field.name: getattr(self, field.name)[which] for field in fields(self)})


def connected_parts(ink: Mask) -> Parts:
    """All 8-connected parts of the ink, without the background."""
    _, _, stats, centres = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    stats, centres = stats[1:], centres[1:]
    x, y, w, h, area = np.asarray(stats.T, np.int32)
    cx, cy = np.asarray(centres.T, np.float64)
    return Parts(x, y, w, h, area, cx, cy)


def group_words(parts: Parts) -> list[Region]:
    """Words of one line, left to right: gaps are split in two kinds, within and between words, by Otsu's criterion."""
    if not len(parts):
        return []
    parts = parts.chosen(np.argsort(parts.x, kind="stable"))
    reach = np.maximum.accumulate(parts.x + parts.w)
    gaps = parts.x[1:] - reach[:-1]
    limit = _between_words(gaps[gaps > 0], float(np.median(parts.h)))
    starts = np.concatenate([[0], np.flatnonzero(gaps > limit) + 1, [len(parts)]])
    return [_box(parts.chosen(np.arange(a, b))) for a, b in pairwise(starts)]


def _between_words(gaps: NDArray[np.int32], height: float) -> float:
    """The gap width, pixels, above which a new word begins."""
    usual = 0.45 * height
    if len(gaps) < 4:
        return usual
    widths = np.sort(np.minimum(gaps, 3 * height).astype(np.float64))
    best, limit = -1.0, usual
    for i in range(1, len(widths)):
        low, high = widths[:i], widths[i:]
        score = len(low) * len(high) * (high.mean() - low.mean()) ** 2
        if score > best:
            best, limit = score, float(low[-1] + high[0]) / 2
    return float(np.clip(limit, 0.5 * usual, 1.8 * usual))


def _box(parts: Parts) -> Region:
    x, y = int(parts.x.min()), int(parts.y.min())
    return Region(x, y, int((parts.x + parts.w).max()) - x, int((parts.y + parts.h).max()) - y)
