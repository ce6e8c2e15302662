"""Take away what is ink but not writing: ruled lines, page borders, the dark surround, specks."""

from __future__ import annotations

import cv2
import numpy as np

from ingest.segmentation.ink import Mask


def remove_rules(ink: Mask, length: int) -> Mask:
    """Erase straight horizontal and vertical runs longer than `length` pixels, but keep strokes that cross them."""
    mask = ink.astype(np.uint8)
    thickness = max(3, length // 12)
    rules = np.zeros_like(mask)
    for shape, thin in (((length, 1), (1, thickness)), ((1, length), (thickness, 1))):
        runs = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones(shape[::-1], np.uint8))
        thick = cv2.morphologyEx(runs, cv2.MORPH_OPEN, np.ones(thin[::-1], np.uint8))
        rules = cv2.max(rules, cv2.subtract(runs, thick)).astype(np.uint8)
    kept = cv2.subtract(mask, rules)
    healed = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return (kept > 0) | ((healed > 0) & ink)
