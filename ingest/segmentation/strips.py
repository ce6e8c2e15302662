"""A line of writing straightened: level, and with letters of one height, whatever its course and size on the page."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.segmentation.baselines import Course
from ingest.segmentation.ink import flatten_background
from ingest.segmentation.network import STEP
from ingest.sources.source import Grey

LETTER = 16
"""Height of an x on a strip, pixels."""
HEIGHT, MIDDLE = 56, 31
"""Height of a strip, and the row on which the middle of the letter bodies lies."""
MARGIN = 16
"""Pixels of the page before and after the line."""
_GRAIN = 10.0
"""Darker than the paper by less is paper, of 255."""

Strip = NDArray[np.uint8]
"""uint8 (rows, columns): 0 paper, 255 the darkest strokes of the line."""


def darkness(copy: Grey) -> Grey:
    """How much darker than the paper around it each pixel is, uint8 (H, W)."""
    return np.asarray(255 - flatten_background(copy), np.uint8)


def straighten(dark: Grey, line: Course, letter: int = LETTER, rows: int = HEIGHT, middle: int = MIDDLE) -> Strip:
    """The line as a strip; `dark` is what `darkness` gives of the copy the course was found on."""
    columns, levels = strip_columns(line, letter), (np.arange(rows) - middle) * (line.height / letter)
    x = np.repeat(columns[None], rows, axis=0)
    y = course_rows(line, columns)[None] + levels[:, None]
    strip = cv2.remap(dark, (x * STEP).astype(np.float32), (y * STEP).astype(np.float32), cv2.INTER_LINEAR)
    return even(np.asarray(strip, np.uint8))


def strip_columns(line: Course, letter: int = LETTER) -> NDArray[np.float64]:
    """The map column that each column of the line's strip shows."""
    step = line.height / letter
    margin = MARGIN * letter / LETTER
    count = 2 * max(1, round((line.right - line.left) / step / 2 + margin))
    return np.asarray(line.left + (np.arange(count) - margin) * step, np.float64)


def course_rows(line: Course, columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Middle rows of a line at map columns; the ends go on level."""
    return np.asarray(np.interp(columns, np.arange(line.left, line.right), line.middle), np.float64)


def even(strip: NDArray[np.uint8]) -> Strip:
    """Grain taken away, and the darkest strokes made full black, so that faint ink looks like bold."""
    dark = np.maximum(strip.astype(np.float32) - _GRAIN, 0)
    inked = dark[dark > _GRAIN]
    most = float(np.percentile(inked, 90)) if len(inked) else 0.0
    return np.asarray(np.clip(dark * (255 / max(most, 25.0)), 0, 255), np.uint8)
