"""How many words and lines of a page the segmenter finds, and how much of what it finds is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import maximum_bipartite_matching  # type: ignore[import-untyped]

from ingest.geometry import Region
from ingest.segmentation import TextLine
from ingest.segmentation.ink import Mask
from search.evaluation.page_xml import TruthLine, TruthPage
from search.evaluation.pages_ink import clear_ink

LEVELS = (0.25, 0.5)
"""Intersection over union from which a box counts as found."""


@dataclass(frozen=True, slots=True)
class BoxCounts:
    """Counts that may be added over pages. Tuples go with LEVELS."""

    truth: int = 0
    """Words of the ground truth that have a box."""
    found: tuple[int, int] = (0, 0)
    """Of them, those met by a box of their own."""
    boxes: tuple[int, int] = (0, 0)
    """Boxes that can be judged: either they met a word, or every word around them is known."""
    lines: int = 0
    lines_found: int = 0
    pages: int = 0
    seconds: float = 0.0

    def __add__(self, other: BoxCounts) -> BoxCounts:
        return BoxCounts(
            self.truth + other.truth,
            (self.found[0] + other.found[0], self.found[1] + other.found[1]),
            (self.boxes[0] + other.boxes[0], self.boxes[1] + other.boxes[1]),
            self.lines + other.lines,
            self.lines_found + other.lines_found,
            self.pages + other.pages,
            self.seconds + other.seconds,
        )

    def recall(self, level: int) -> float | None:
        """Share of words found at LEVELS[level]."""
        return self.found[level] / self.truth if self.truth else None

    def precision(self, level: int) -> float | None:
        """Share of judged boxes that are words."""
        return self.found[level] / self.boxes[level] if self.truth and self.boxes[level] else None

    @property
    def line_recall(self) -> float | None:
        """Share of lines found."""
        return self.lines_found / self.lines if self.lines else None


@dataclass(frozen=True, slots=True)
class PageBoxes:
    """What was found on one page against what is there, tight to the ink; for counting and for drawing."""

    truth: tuple[Region, ...]
    boxes: tuple[Region, ...]
    met: tuple[dict[int, int], dict[int, int]]
    """Truth index to box index at each of LEVELS."""
    judged: tuple[frozenset[int], frozenset[int]]
    """Indices of the boxes that can be judged, at each of LEVELS."""
    lines: int
    lines_found: int

    def counts(self, seconds: float = 0.0) -> BoxCounts:
        """The page's counts."""
        return BoxCounts(
            len(self.truth),
            (len(self.met[0]), len(self.met[1])),
            (len(self.judged[0]), len(self.judged[1])),
            self.lines,
            self.lines_found,
            1,
            seconds,
        )


def compare_boxes(pixels: NDArray[np.uint8], truth: TruthPage, found: Sequence[TextLine]) -> PageBoxes:
    """Match boxes one to one with the words of the ground truth, both tightened to the ink first.

    `pixels` is the page as segmented, in the ground truth's pixels. Boxes on lines of which not every word has a
    trusted box in the ground truth are judged only where they meet a word: nobody knows what else is there.
    """
    ink = clear_ink(pixels)
    known = [word.region for line in truth.lines if is_trusted(line) for word in line.words]
    words = tuple(tighten(region, ink) for region in known)
    boxes = tuple(tighten(word.region, ink) for line in found for word in line.words)
    unknown = _where_words_are_missing(truth)
    open_boxes = {i for i, box in enumerate(boxes) if _is_set(unknown, box)}
    met = [match(words, boxes, level) for level in LEVELS]
    judged = [frozenset(set(range(len(boxes))) - open_boxes | set(pairs.values())) for pairs in met]
    lines = [line.region for line in truth.lines if line.text]
    lines_met = match(lines, [line.region for line in found], 0.5)
    return PageBoxes(words, boxes, (met[0], met[1]), (judged[0], judged[1]), len(lines), len(lines_met))


def is_trusted(line: TruthLine) -> bool:
    """Word boxes cannot be those of the text where there are more boxes than words."""
    return len(line.words) <= len(line.text.split())


def match(truth: Sequence[Region], boxes: Sequence[Region], level: float) -> dict[int, int]:
    """The largest one-to-one matching of pairs whose intersection over union is at least `level`: truth to box."""
    if not truth or not boxes:
        return {}
    linked = csr_array(overlaps(truth, boxes) >= level)
    partner = maximum_bipartite_matching(linked, perm_type="column")
    return {i: int(j) for i, j in enumerate(partner) if j >= 0}


def overlaps(first: Sequence[Region], second: Sequence[Region]) -> NDArray[np.float64]:
    """Intersection over union of each pair, float64 (n, m)."""
    a, b = (np.array([(r.x, r.y, r.x2, r.y2) for r in regions], np.float64) for regions in (first, second))
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b)]
    return np.asarray(common / (areas[0][:, None] + areas[1][None] - common), np.float64)


def tighten(region: Region, ink: Mask) -> Region:
    """The box around the ink inside `region`; the region itself where there is none."""
    inside = ink[region.y : region.y2, region.x : region.x2]
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return region
    x, y = region.x + int(columns[0]), region.y + int(rows[0])
    return Region(x, y, int(columns[-1] - columns[0]) + 1, int(rows[-1] - rows[0]) + 1)


def _where_words_are_missing(truth: TruthPage) -> Mask:
    """Outlines of lines of which not every word has a trusted box."""
    mask = np.zeros((truth.height, truth.width), np.uint8)
    for line in truth.lines:
        if len(line.words) != len(line.text.split()):
            cv2.fillPoly(mask, [np.array(line.outline, np.int32)], 1)
    return mask > 0


def _is_set(mask: Mask, region: Region) -> bool:
    x, y = region.centre
    return bool(mask[min(int(y), mask.shape[0] - 1), min(int(x), mask.shape[1] - 1)])
