"""What the network should learn from one page: bands of writing, the gaps between words, and how far words reach."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.segmentation.ink import Mask, find_ink
from search.evaluation.page_xml import TruthLine, TruthWord, read_truth

_SLANTS = (-0.3, 0.0, 0.3, 0.6, 0.9)
"""Horizontal shift per height of the cut between two words, right leaning positive."""


@dataclass(frozen=True, slots=True)
class Band:
    """The letter bodies of one line: from the baseline up to the height of an x. Page pixels."""

    top: NDArray[np.float32]
    bottom: NDArray[np.float32]
    """float32 (n, 2), points left to right."""
    outline: NDArray[np.float32]
    """float32 (m, 2), the transcriber's polygon."""


@dataclass(frozen=True, slots=True)
class Page:
    """Everything drawn on the target maps of one page, page pixels."""

    grey: NDArray[np.uint8]
    height: float
    """Usual height of an x."""
    bands: tuple[Band, ...]
    gaps: NDArray[np.float32]
    """float32 (n, 5): x, y of the upper end, x, y of the lower end, width."""
    unknown: tuple[NDArray[np.float32], ...]
    """Stretches of a line, float32 (4, 2), where no word boxes tell about gaps."""
    words: NDArray[np.float32]
    """float32 (n, 4): left, top, right, bottom of trusted words."""
    cells: tuple[NDArray[np.float32], ...]
    """Each trusted word's part of its band, float32 (4, 2)."""
    complete: bool
    """False where much of the writing was not transcribed, so that what lies outside the lines says nothing."""


def read_page(image: Path, *, complete: bool = True) -> Page:
    """Read a page image and its PAGE file of the same name."""
    grey = np.asarray(cv2.imread(str(image), cv2.IMREAD_GRAYSCALE), np.uint8)
    ink = find_ink(grey)
    lines = [line for line in read_truth(image.with_suffix(".xml")).lines if len(line.baseline) > 1]
    usual = _usual_height(lines)
    bands, gaps, unknown, words, cells = [], [], [], [], []
    for line in lines:
        baseline = left_to_right(line)
        boxes = trusted_words(line)
        height = _line_height(boxes, baseline, usual)
        bands.append(_band(line, baseline, boxes, height))
        count = len(line.text.split())
        for left, right in zip([None, *boxes], [*boxes, None], strict=True):
            if left and right and _are_neighbours(left, right, baseline, height, ink):
                gaps.append(_gap(left, right, baseline, height, ink))
            elif not _at_line_end(left, right, count):
                unknown.append(_stretch(left, right, baseline, height))
        words += [(w.region.x, w.region.y, w.region.x2, w.region.y2) for w in boxes]
        cells += [_cell(w.region.x, w.region.x2, baseline, height) for w in boxes]
    return Page(
        grey,
        usual,
        tuple(bands),
        np.array(gaps, np.float32).reshape(-1, 5),
        tuple(unknown),
        np.array(words, np.float32).reshape(-1, 4),
        tuple(cells),
        complete,
    )


def trusted_words(line: TruthLine) -> list[TruthWord]:
    """Words with their place, left to right; none where the boxes cannot be those of the text."""
    if len(line.words) > len(line.text.split()):
        return []
    region = line.region
    inside = [w for w in line.words if region.x - 9 <= w.region.centre[0] <= region.x2 + 9]
    inside = [w for w in inside if region.y - 9 <= w.region.centre[1] <= region.y2 + 9]
    return sorted(inside, key=lambda word: (word.region.x, word.place or 0))


def left_to_right(line: TruthLine) -> NDArray[np.float32]:
    """The baseline, float32 (n, 2), without the points that go back."""
    points = np.array(line.baseline, np.float32)
    points = points[np.argsort(points[:, 0], kind="stable")]
    return np.asarray(points[np.concatenate([[True], np.diff(points[:, 0]) > 0])], np.float32)


def _usual_height(lines: list[TruthLine]) -> float:
    rises = [rise for line in lines for rise in _rises(trusted_words(line), left_to_right(line))]
    return float(np.clip(np.percentile(rises, 25), 7, 45)) if len(rises) > 5 else 18.0


def _rises(words: list[TruthWord], baseline: NDArray[np.float32]) -> list[float]:
    tops = [(word.region.centre[0], word.region.y) for word in words if word.region.w > 8]
    return [rise for x, y in tops if (rise := float(np.interp(x, baseline[:, 0], baseline[:, 1])) - y) > 4]


def _line_height(words: list[TruthWord], baseline: NDArray[np.float32], usual: float) -> float:
    rises = _rises(words, baseline)
    own = float(np.percentile(rises, 20)) if len(rises) >= 3 else (min(rises) * 0.7 if rises else usual)
    return float(np.clip(own, 0.6 * usual, 2.5 * usual))


def _band(line: TruthLine, baseline: NDArray[np.float32], words: list[TruthWord], height: float) -> Band:
    left, right = float(baseline[0, 0]), float(baseline[-1, 0])
    count = len(line.text.split())
    if words and words[0].place == 0:
        left = float(words[0].region.x)
    if words and words[-1].place == count - 1:
        right = float(max(word.region.x2 for word in words))
    xs = np.unique(np.concatenate([[left], baseline[:, 0], [right]]))
    xs = xs[(xs >= left) & (xs <= max(right, left + 1))]
    ys = np.interp(xs, baseline[:, 0], baseline[:, 1])
    bottom = np.stack([xs, ys], 1).astype(np.float32)
    return Band(bottom - np.array([0, height], np.float32), bottom, np.array(line.outline, np.float32))


def _at_line_end(left: TruthWord | None, right: TruthWord | None, count: int) -> bool:
    if left is None and right is not None:
        return right.place == 0
    return left is not None and right is None and left.place == count - 1


def _are_neighbours(left: TruthWord, right: TruthWord, baseline: NDArray[np.float32], height: float, ink: Mask) -> bool:
    """Consecutive in the text, and no writing between their boxes."""
    if left.place is None or right.place != left.place + 1:
        return False
    start, end = left.region.x2, right.region.x
    if end - start < height:
        return True
    y = float(np.interp((start + end) / 2, baseline[:, 0], baseline[:, 1]))
    between = ink[max(0, round(y - height)) : max(1, round(y)), start:end]
    return bool(between.any(axis=0).mean() < 0.3) if between.size else False


def _cell(left: float, right: float, baseline: NDArray[np.float32], height: float) -> NDArray[np.float32]:
    y1, y2 = np.interp([left, right], baseline[:, 0], baseline[:, 1])
    return np.array([[left, y1 - height], [right, y2 - height], [right, y2], [left, y1]], np.float32)


def _stretch(
    left: TruthWord | None, right: TruthWord | None, baseline: NDArray[np.float32], height: float
) -> NDArray[np.float32]:
    start = left.region.x2 - height / 2 if left else baseline[0, 0] - height
    end = right.region.x + height / 2 if right else baseline[-1, 0] + height
    return _cell(min(start, end), max(start, end), baseline, height)


def _gap(
    left: TruthWord, right: TruthWord, baseline: NDArray[np.float32], height: float, ink: Mask
) -> tuple[float, float, float, float, float]:
    """The cut between two boxes: near their middle, leaning as the writing does, where it meets the least ink."""
    middle = (left.region.x2 + right.region.x) / 2
    width = float(right.region.x - left.region.x2)
    bottom = float(np.interp(middle, baseline[:, 0], baseline[:, 1]))
    rows = np.clip(np.arange(round(bottom - 1.1 * height), round(bottom + 0.15 * height)), 0, ink.shape[0] - 1)
    reach = max(2.0, min(0.7 * height, abs(width) / 2 + 2))
    best, cut = np.inf, (middle, 0.0)
    for shift in np.arange(-reach, reach + 1):
        for slant in _SLANTS:
            xs = middle + shift + slant * (bottom - height / 2 - rows)
            columns = np.clip(xs.round().astype(int), 0, ink.shape[1] - 1)
            cost = ink[rows, columns].mean() + 0.01 * abs(shift) / height + 0.003 * abs(slant - 0.3)
            if cost < best:
                best, cut = cost, (middle + shift, slant)
    x, slant = cut
    rise = 0.65 * height
    y = bottom - height / 2
    return x + slant * rise, y - rise, x - slant * rise, y + rise, max(width, 0.0)
