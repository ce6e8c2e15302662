"""Lines of the training pages, straightened as the segmenter does, with what is known of their gaps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.segmentation.network import STEP
from ingest.segmentation.scale import first_look, resized
from ingest.segmentation.segmenter import read_maps
from ingest.segmentation.strips import course_rows, darkness, straighten, strip_columns
from search.training_pages.annotations import read_page
from search.training_pages.targets import draw_maps

LETTER, HEIGHT, MIDDLE = 18, 84, 46
"""Of the strips kept for training: larger all round than those of `ingest.segmentation.strips`."""
GAP, WORD, UNKNOWN = 1, 0, 2


@dataclass(frozen=True, slots=True)
class Line:
    """A strip and the label of each of its columns."""

    strip: NDArray[np.uint8]
    """uint8 (HEIGHT, n)."""
    labels: NDArray[np.uint8]
    """uint8 (n,): GAP, WORD or UNKNOWN."""


def page_lines(image: Path) -> list[Line]:
    """The lines that the segmenter traces on a page."""
    page = read_page(image)
    scale = first_look(page.grey).scale
    reading = read_maps(page.grey, scale)
    if reading is None:
        return []
    copy = resized(page.grey, scale)
    across, down = copy.shape[1] / page.grey.shape[1], copy.shape[0] / page.grey.shape[0]
    height, width = (-(-side // STEP) * STEP for side in copy.shape)
    room = cv2.copyMakeBorder(copy, 0, height - copy.shape[0], 0, width - copy.shape[1], cv2.BORDER_REPLICATE)
    truth = draw_maps(page, np.array([[across, 0, 0], [0, down, 0]]), np.asarray(room, np.uint8))
    dark = darkness(copy)
    lines = []
    for course in reading.courses:
        columns = strip_columns(course, LETTER)
        x, y = columns.astype(np.float32)[None], course_rows(course, columns).astype(np.float32)[None]
        gap = cv2.remap(truth.gap, x, y, cv2.INTER_NEAREST)[0] > 0
        known = cv2.remap(truth.gap_weight, x, y, cv2.INTER_NEAREST)[0] > 0
        labels = np.where(known, np.where(gap, GAP, WORD), UNKNOWN).astype(np.uint8)
        if (labels == WORD).sum() > 3 * LETTER:
            lines.append(Line(straighten(dark, course, LETTER, HEIGHT, MIDDLE), labels))
    return lines
