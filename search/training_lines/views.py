"""A random view of a line: other slants, spacings, sizes, inks, and lines above and below."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.segmentation import strips
from search.training_lines.written import HEIGHT, LETTER, MIDDLE, UNKNOWN, Line

WIDTH = 640
"""Columns of a view."""
TAKEN = 1000
"""Columns of a line that a view needs at most."""

View = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Strip, uint8 (strips.HEIGHT, WIDTH), and the labels of its columns, uint8 (WIDTH,)."""


def random_view(line: Line, random: np.random.Generator, above: Line | None = None) -> View:
    """A view of the line, with the ink of another one above or below it where one is given."""
    strip = line.strip if above is None else _with_neighbour(line.strip, above.strip, random)
    scale = strips.LETTER / LETTER * float(np.exp(random.normal(0, 0.12)))
    across = scale * float(np.exp(random.normal(0, 0.1)))
    slant, slope = float(np.clip(random.normal(0, 0.2), -0.5, 0.5)), float(random.normal(0, 0.008))
    drop = strips.MIDDLE + float(random.normal(0, 0.12)) * strips.LETTER
    start = float(random.uniform(min(0, strip.shape[1] - WIDTH / across), max(1, strip.shape[1] - WIDTH / across)))
    matrix = np.array([[across, -slant * scale, slant * scale * MIDDLE], [slope, scale, drop - scale * MIDDLE]])
    matrix[:, 2] -= [start * across, slope * start + slope * WIDTH / 2]
    view = cv2.warpAffine(strip, matrix, (WIDTH, strips.HEIGHT), flags=cv2.INTER_AREA)
    columns = np.round(start + np.arange(WIDTH) / across).astype(int)
    inside = (columns >= 0) & (columns < len(line.labels))
    labels = np.where(inside, line.labels[np.clip(columns, 0, len(line.labels) - 1)], UNKNOWN)
    return _change_ink(np.asarray(view, np.uint8), random), labels.astype(np.uint8)


def _with_neighbour(
    strip: NDArray[np.uint8], other: NDArray[np.uint8], random: np.random.Generator
) -> NDArray[np.uint8]:
    """The other line's ink two and a half to four letter heights above or below."""
    shift = int(random.uniform(2.5, 4) * LETTER) * (1 if random.random() < 0.5 else -1)
    width = min(strip.shape[1], other.shape[1])
    moved = np.zeros_like(strip)
    if shift > 0:
        moved[shift:, :width] = other[: HEIGHT - shift, :width]
    else:
        moved[:shift, :width] = other[-shift:, :width]
    return np.maximum(strip, moved)


def _change_ink(view: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Thinner, bolder, blurred, ruled, noisy; some each. Then made even, as the segmenter's strips are."""
    if random.random() < 0.3:
        shaper = cv2.dilate if random.random() < 0.5 else cv2.erode
        changed, share = shaper(view, np.ones((2, 2), np.uint8)), random.uniform(0.3, 0.9)
        view = np.asarray(cv2.addWeighted(view, 1 - share, changed, share, 0), np.uint8)
    if random.random() < 0.15:
        row, lean = int(random.integers(0, view.shape[0])), int(random.integers(-3, 4))
        stroke = np.zeros_like(view)
        cv2.line(
            stroke, (0, row), (view.shape[1], row + lean), int(random.integers(40, 200)), int(random.integers(1, 3))
        )
        view = np.maximum(view, stroke)
    dark: NDArray[np.floating] = view.astype(np.float32)
    if random.random() < 0.3:
        dark = np.asarray(cv2.GaussianBlur(dark, (0, 0), float(random.uniform(0.4, 1.2))), np.float32)
    if random.random() < 0.5:
        dark = 255 * (dark / 255) ** float(np.exp(random.normal(0, 0.3)))
    if random.random() < 0.4:
        dark = dark + random.normal(0, random.uniform(1, 14), dark.shape)
    return strips.even(np.clip(dark, 0, 255).astype(np.uint8))
