"""Take away what is ink but not writing: ruled lines, squares, frames of tables, long strokes in the margin."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.segmentation.ink import Mask

_PIECE = 1.2
"""Rules are followed in level pieces so long: they may lean by some degrees, and bend. Letter heights."""
_LENGTH = 8.0
"""Shorter lines may be strokes of the writing. Letter heights."""
_THICKNESS = 0.65
"""Where ink is higher a stroke crosses the rule, or it is none. Letter heights."""

_Pixels = NDArray[np.uint8]


def remove_rules(ink: Mask, letter: float) -> Mask:
    """Erase long thin lines that run nearly level or upright, but keep the strokes that cross them.

    `letter` is the height of an x, pixels of `ink`.
    """
    mask = ink.astype(np.uint8)
    level, upright = _level_lines(mask, letter), _turned(_level_lines(_turned(mask), letter))
    rules = cv2.max(_uncrossed(level, _without(mask, upright), letter), cv2.min(level, upright))
    rules = cv2.max(rules, _turned(_uncrossed(_turned(upright), _turned(_without(mask, level)), letter)))
    kept = _without(mask, np.asarray(rules, np.uint8))
    healed = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return (kept > 0) | ((healed > 0) & ink)


def _level_lines(mask: _Pixels, letter: float) -> _Pixels:
    """Level pieces that together reach far, of any thickness."""
    pieces = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, max(3, round(_PIECE * letter))), np.uint8))
    linked = cv2.dilate(pieces, np.ones((3, round(0.5 * letter) | 1), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(linked, connectivity=8)
    far = stats[:, cv2.CC_STAT_WIDTH] >= _LENGTH * letter
    far[0] = False
    return np.asarray(cv2.min(pieces, far.astype(np.uint8)[labels]), np.uint8)


def _uncrossed(lines: _Pixels, mask: _Pixels, letter: float) -> _Pixels:
    """The parts of level lines where the ink of `mask` is not high."""
    high = np.ones((max(3, round(_THICKNESS * letter)), 1), np.uint8)
    return _without(lines, np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, high), np.uint8))


def _without(mask: _Pixels, other: _Pixels) -> _Pixels:
    return np.asarray(cv2.subtract(mask, other), np.uint8)


def _turned(mask: _Pixels) -> _Pixels:
    return np.ascontiguousarray(mask.T)
