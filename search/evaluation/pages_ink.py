"""The measure's own idea of ink, so that a change of the segmenter never changes the measure."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.segmentation.ink import Mask, flatten_background, to_grey


def clear_ink(pixels: NDArray[np.uint8], window: int = 41, k: float = 0.2) -> Mask:
    """Ink beyond doubt, by the threshold of Wolf and Jolion (2003) on the page divided by its background.

    `pixels` is uint8 (H, W) or (H, W, 3) RGB; `window` in pixels.
    """
    flat = flatten_background(to_grey(pixels)).astype(np.float32)
    mean = cv2.boxFilter(flat, -1, (window, window))
    spread = np.sqrt(np.maximum(cv2.sqrBoxFilter(flat, -1, (window, window)) - mean * mean, 0))
    strongest = max(float(np.percentile(spread[::4, ::4], 99)), 12.0)
    threshold = mean - k * (1 - spread / strongest) * (mean - float(flat.min()))
    return (flat < np.minimum(threshold, mean - 6)) & (flat < 235)
