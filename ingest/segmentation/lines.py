"""Text lines as ridges of the blurred ink, and which part of the ink belongs to which."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.segmentation.grouping import Parts
from ingest.segmentation.ink import Mask


def text_height(parts: Parts) -> float | None:
    """Usual height of a letter body, pixels: median over parts, weighted by ink; None where nothing is written."""
    likely = (parts.h >= 6) & (parts.h <= 120) & (parts.w >= 3) & (parts.w < 12 * parts.h)
    if likely.sum() < 3:
        return None
    heights, weights = parts.h[likely], parts.area[likely]
    order = np.argsort(heights)
    middle = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(heights[order][middle])


def find_line_cores(ink: Mask, height: float) -> NDArray[np.int32]:
    """int32 (H, W) labels, 0 none: each text line as the ridge of the ink blurred along the writing.

    After the anisotropic Gaussian of Manmatha and Rothfeder (2005); follows slopes and curves of about 10 degrees.
    """
    blurred = cv2.GaussianBlur(ink.astype(np.float32), (0, 0), sigmaX=2.0 * height, sigmaY=0.3 * height)
    around = cv2.blur(blurred, (1, int(3 * height) | 1))
    ridge = (blurred > 1.15 * around) & (blurred > 0.06)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ridge.astype(np.uint8), connectivity=8)
    keep = np.zeros(count, np.int32)
    wide = (stats[:, 2] > 1.5 * height) & (np.arange(count) > 0)
    keep[wide] = np.arange(1, wide.sum() + 1)
    return np.asarray(keep[labels], np.int32)


def assign_to_lines(parts: Parts, cores: NDArray[np.int32], height: float) -> list[NDArray[np.int_]]:
    """Indices of each line's parts: a part goes to the core nearest to its centre of mass, within a letter height."""
    if not len(parts) or not cores.any():
        return []
    far, nearest = cv2.distanceTransformWithLabels(
        (cores == 0).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    line_of = np.zeros(int(nearest.max()) + 1, np.int32)
    line_of[nearest[cores > 0]] = cores[cores > 0]
    at = parts.cy.astype(int), parts.cx.astype(int)
    line = np.where(far[at] <= height, line_of[nearest[at]], 0)
    return [np.flatnonzero(line == i) for i in range(1, int(cores.max()) + 1)]
