"""Text lines: connected stretches of the band map, with their course and height."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.segmentation.network import Map

_SURE = 0.5
"""Band probability from which a pixel belongs to a line."""

_LEAST, _LEAST_AMONG_DOUBT = 0.7, 0.9
"""Mean band probability along a line from which it is kept: usually, and on pages where most of them fall short of it.
Of writing of the training pages 95% is above 0.74, of what is seen in photographs and noise 80% below 0.68."""


@dataclass(frozen=True, slots=True)
class Course:
    """Where a line runs, map pixels: one entry per column from `left` on."""

    left: int
    middle: NDArray[np.float32]
    """Row of the middle of the letter bodies."""
    height: float
    """Height of the letter bodies."""

    @property
    def right(self) -> int:
        """First column after the line."""
        return self.left + len(self.middle)

    def row(self, column: float) -> float:
        """Middle row at a column; the ends go on level."""
        return float(self.middle[int(np.clip(round(column) - self.left, 0, len(self.middle) - 1))])


def trace_lines(band: Map, letter: float) -> list[Course]:
    """The lines of a page, from top to bottom.

    `letter` is the expected height of an x, map pixels: it decides what is too small to be writing and how far apart
    two stretches of one line may lie.
    """
    sure = (band > _SURE).astype(np.uint8)
    mask = cv2.morphologyEx(sure, cv2.MORPH_OPEN, np.ones((1, max(3, round(0.5 * letter))), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    stretches = []
    for label in range(1, count):
        x, y, w, h, area = (int(value) for value in stats[label])
        if area >= 0.35 * letter * letter and w >= 0.4 * letter:
            stretches += _courses(labels[y : y + h, x : x + w] == label, x, y)
    return _written(_join(stretches, letter), band)


def _written(lines: list[Course], band: Map) -> list[Course]:
    """Leave out lines the network is not sure of; where that is most of them, the page shows something else."""
    chances = [_chance(line, band) for line in lines]
    sure = sum(chance >= _LEAST for chance in chances)
    least = _LEAST if sure >= 0.4 * len(lines) else _LEAST_AMONG_DOUBT
    return [line for line, chance in zip(lines, chances, strict=True) if chance >= least]


def _chance(line: Course, band: Map) -> float:
    """Mean band probability along the line."""
    rows = np.clip(line.middle.round().astype(int), 0, band.shape[0] - 1)
    columns = np.clip(np.arange(line.left, line.right), 0, band.shape[1] - 1)
    return float(band[rows, columns].mean())


def _courses(part: NDArray[np.bool_], x: int, y: int) -> list[Course]:
    """One course, or two where two lines have grown together."""
    thickness = part.sum(axis=0)
    runs = (np.diff(part.astype(np.int8), axis=0, prepend=0) == 1).sum(axis=0)
    height = float(np.median(thickness / np.maximum(runs, 1)))
    if (runs > 1).mean() > 0.15:
        return _parted(part, x, y, height)
    rows = np.arange(part.shape[0], dtype=np.float32)[:, None]
    middle = (part * rows).sum(axis=0) / np.maximum(thickness, 1) + y
    return [Course(x, _smooth(middle.astype(np.float32), height), height)]


def _parted(part: NDArray[np.bool_], x: int, y: int, height: float) -> list[Course]:
    """Take the lines of a clump apart by thinning it until it falls to pieces."""
    thin = cv2.erode(part.astype(np.uint8), np.ones((3, 1), np.uint8))
    thin = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((1, max(3, round(1.5 * height))), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(thin, connectivity=8)
    found = []
    for label in range(1, count):
        left, top, w, h, area = (int(value) for value in stats[label])
        if area < 0.2 * height * height:
            continue
        piece = labels[top : top + h, left : left + w] == label
        rows = np.arange(h, dtype=np.float32)[:, None]
        thickness = piece.sum(axis=0)
        middle = (piece * rows).sum(axis=0) / np.maximum(thickness, 1) + top + y
        tallness = min(height, float(np.median(thickness)) + 2)
        found.append(Course(x + left, _smooth(middle.astype(np.float32), height), tallness))
    return found


def _smooth(values: NDArray[np.float32], height: float) -> NDArray[np.float32]:
    """Moving mean over two letter heights, ends held."""
    reach = max(1, round(height))
    padded = np.pad(values, reach, mode="edge")
    kernel = np.full(2 * reach + 1, 1 / (2 * reach + 1), np.float32)
    return np.convolve(padded, kernel, mode="valid").astype(np.float32)


def _join(stretches: list[Course], letter: float) -> list[Course]:
    """Stretches that follow one another on the same course are one line."""
    stretches = sorted(stretches, key=lambda one: (one.left, one.middle[0]))
    lines: list[Course] = []
    for stretch in stretches:
        best = min(
            (i for i, line in enumerate(lines) if _follows(line, stretch, letter)),
            key=lambda i: stretch.left - lines[i].right,
            default=None,
        )
        if best is None:
            lines.append(stretch)
        else:
            lines[best] = _joined(lines[best], stretch)
    return sorted(lines, key=lambda line: (line.row(line.left), line.left))


def _follows(line: Course, stretch: Course, letter: float) -> bool:
    distance = stretch.left - line.right
    if not -0.5 * letter <= distance <= 3.0 * letter:
        return False
    lean = _slope(line) * (max(distance, 0) + letter)
    drop = float(stretch.middle[: int(letter)].mean() - line.middle[-int(letter) :].mean())
    alike = 0.5 < stretch.height / line.height < 2
    return alike and abs(drop - lean) < 0.45 * letter


def _slope(line: Course) -> float:
    """Rows per column over the last part of a line."""
    tail = line.middle[-60:]
    return float((tail[-1] - tail[0]) / len(tail)) if len(tail) >= 20 else 0.0


def _joined(line: Course, stretch: Course) -> Course:
    between = max(0, stretch.left - line.right)
    bridge = np.linspace(line.middle[-1], stretch.middle[0], between + 2, dtype=np.float32)[1:-1]
    kept = line.middle[: max(1, stretch.left - line.left)] if between == 0 else line.middle
    share = len(line.middle) / (len(line.middle) + len(stretch.middle))
    height = share * line.height + (1 - share) * stretch.height
    return Course(line.left, np.concatenate([kept, bridge, stretch.middle]), height)
