"""Which pixels are ink: the background divided out, then a local threshold."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.sources.source import Grey

Mask = NDArray[np.bool_]
"""bool (H, W), True where a pixel belongs."""

_GRAIN = 16.0
"""Paper is not darker than its surroundings by more than this, of 255."""
_CONTRAST = 0.35
"""Share of the local standard deviation by which ink is darker than the local mean."""


def to_grey(pixels: NDArray[np.uint8]) -> Grey:
    """uint8 (H, W) from grey (H, W) or RGB (H, W, 3)."""
    if pixels.ndim == 2:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def flatten_background(grey: Grey, reach: int = 24) -> Grey:
    """Divide out the paper: stains, shadows and the dark surround become white, ink keeps its contrast to what is near.

    `reach` is larger than a stroke is wide, pixels. The paper is the median of the bright local maxima, taken at an
    eighth of the size.
    """
    eighth = max(1, grey.shape[1] // 8), max(1, grey.shape[0] // 8)
    small = cv2.resize(grey, eighth, interpolation=cv2.INTER_AREA)
    size = max(3, reach // 8 * 2 + 1)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    paper = cv2.medianBlur(paper, 5)
    paper = cv2.resize(paper, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_LINEAR)
    return cv2.divide(grey, np.maximum(paper, 8), scale=255).astype(np.uint8, copy=False)


def find_ink(grey: Grey, window: int = 41) -> Mask:
    """Ink is darker than its surroundings on the flattened page, by a share of the contrast found there.

    `window` is about two text lines wide, pixels. After Niblack (1986), with a floor against paper grain: faint writing
    has little contrast around it and keeps a low threshold, beside bold headings too.
    """
    flat = flatten_background(grey).astype(np.float32)
    mean = cv2.boxFilter(flat, -1, (window, window))
    spread = np.sqrt(np.maximum(cv2.sqrBoxFilter(flat, -1, (window, window)) - mean * mean, 0))
    return flat < mean - np.maximum(_GRAIN, _CONTRAST * spread)
