"""Draw on the page what was found, missed, and seen where nothing is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.geometry import Region
from search.evaluation.pages_boxes import PageBoxes

FOUND, MISSED, FALSE, UNJUDGED = (0, 150, 0), (220, 0, 0), (0, 80, 255), (150, 150, 150)
"""RGB: green words found, red words missed, blue boxes that are no word, grey boxes nobody can judge."""


def draw_boxes(pixels: NDArray[np.uint8], boxes: PageBoxes, level: int = 1, side: int = 1600) -> NDArray[np.uint8]:
    """The page, uint8 (H, W, 3) RGB, at most `side` pixels, with the boxes by outcome at LEVELS[level]."""
    page = pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)
    page = np.ascontiguousarray(page)
    met, judged = boxes.met[level], boxes.judged[level]
    good = set(met.values())
    for i, region in enumerate(boxes.boxes):
        if i not in good:
            _frame(page, region, FALSE if i in judged else UNJUDGED)
    for i, region in enumerate(boxes.truth):
        _frame(page, region, FOUND if i in met else MISSED)
    scale = min(1.0, side / max(page.shape[:2]))
    return np.asarray(cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _frame(page: NDArray[np.uint8], region: Region, colour: tuple[int, int, int]) -> None:
    cv2.rectangle(page, (region.x, region.y), (region.x2, region.y2), colour, 2)
