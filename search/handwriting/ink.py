"""From the pixels of a word to its ink: 32 pixels high, bright on black, the paper gone.

Training and search share these functions, so a crop from a page looks to the model like the crops it learned from.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

HEIGHT = 32
"""Rows of an ink map."""
MAX_WIDTH = 144
"""Columns of an ink map at most: a wider word is squeezed."""
MIN_WIDTH = 8
RAW_HEIGHT = 44
"""Rows that `raw_ink` keeps at most; larger crops are reduced first."""
_PAPER_WINDOW = 13
"""Pixels; wider than any stroke at RAW_HEIGHT, so a window always sees paper."""
_LEAST_CONTRAST = 14.0
"""Grey levels; fainter differences than this are left faint, so that blank paper stays black."""


def pixels(image: Any) -> Pixels:
    """What OpenCV gave for uint8 input, as uint8."""
    return np.asarray(image, dtype=np.uint8)


def raw_ink(crop: Pixels) -> Pixels:
    """uint8 (H, W, 3) RGB or (H, W) grey -> uint8 (h, w), h at most RAW_HEIGHT: ink 255, paper 0, without margins."""
    grey = pixels(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)) if crop.ndim == 3 else crop
    height, width = grey.shape
    if height > RAW_HEIGHT or width > 16 * RAW_HEIGHT:
        scale = min(RAW_HEIGHT / height, 16 * RAW_HEIGHT / width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        grey = pixels(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
    return trim(_remove_paper(grey))


def _remove_paper(grey: Pixels) -> Pixels:
    """Brightness of the paper around each pixel, less the pixel; its noise floor to 0, its darkest percent to 255."""
    window = (_PAPER_WINDOW, _PAPER_WINDOW)
    paper = cv2.blur(cv2.dilate(grey, np.ones(window, np.uint8)), window)
    ink = cv2.subtract(paper, grey).astype(np.float32)
    floor, top = (float(level) for level in np.percentile(ink, (40, 99)))
    return pixels(cv2.convertScaleAbs(np.maximum(ink - floor, 0.0), alpha=255.0 / max(top - floor, _LEAST_CONTRAST)))


def trim(ink: Pixels, tail: float = 0.004) -> Pixels:
    """Without the margins that hold less than `tail` of the ink each; as it is where there is no ink."""
    mask = (ink > 80).astype(np.float32)
    total = float(mask.sum())
    if total < 4:
        return ink
    top, bottom = _span(mask.sum(axis=1), tail * total)
    left, right = _span(mask.sum(axis=0), tail * total)
    return ink[top:bottom, left:right]


def _span(profile: NDArray[np.float32], tail: float) -> tuple[int, int]:
    """First and past-last place of a profile, one place of margin kept, without tails that sum to less than `tail`."""
    sums = np.cumsum(profile)
    first = int(np.searchsorted(sums, tail, side="right"))
    last = int(np.searchsorted(sums, sums[-1] - tail, side="left"))
    return max(first - 1, 0), min(last + 2, len(profile))


def map_width(height: int, width: int) -> int:
    """Columns of the ink map of a trimmed word: in proportion, within MIN_WIDTH and MAX_WIDTH."""
    return int(min(max(round(width * HEIGHT / height), MIN_WIDTH), MAX_WIDTH))


def ink_map(crop: Pixels) -> Pixels:
    """uint8 (H, W, 3) RGB or (H, W) grey of any size -> uint8 (HEIGHT, w): ink 255, paper 0; w by `map_width`."""
    return scaled(raw_ink(crop))


def scaled(ink: Pixels) -> Pixels:
    """What `raw_ink` gives -> uint8 (HEIGHT, w), w by `map_width`."""
    size = map_width(*ink.shape), HEIGHT
    return pixels(cv2.resize(ink, size, interpolation=cv2.INTER_AREA if ink.shape[0] > HEIGHT else cv2.INTER_LINEAR))
