"""Page image to lines of words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ingest.geometry import Region
from ingest.segmentation.baselines import Course, trace_lines
from ingest.segmentation.cuts import Cut, find_cuts
from ingest.segmentation.ink import find_ink, to_grey
from ingest.segmentation.network import STEP, PageMaps, find_maps, weights_digest
from ingest.segmentation.order import reading_order
from ingest.segmentation.readings import DOUBT, read_line
from ingest.segmentation.rules import remove_rules
from ingest.segmentation.scale import choose_scale, letter_height, resized
from ingest.segmentation.shares import Body, share_ink
from ingest.segmentation.words import TextLine, WordBox

SEGMENTER_VERSION = f"bands-2-{weights_digest()[:8]}"
"""Changes whenever the same page would give other words: it is part of every word's identity."""

_LEAST_SIDE = 16
"""Nothing is written on an image narrower than this, pixels."""


def segment_page(pixels: NDArray[np.uint8]) -> tuple[TextLine, ...]:
    """The words of a page, line by line in reading order, as boxes tight to the ink.

    `pixels` is uint8 (H, W) grey or (H, W, 3) RGB, upright. Regions are in its own pixels. Deterministic. A page
    without writing gives no lines. Where a gap is doubtful both readings are given, with scores.
    """
    grey = to_grey(pixels)
    if min(grey.shape) < _LEAST_SIDE:
        return ()
    copy = resized(grey, choose_scale(grey))
    maps = find_maps(copy)
    letter = letter_height(maps)
    if letter is None:
        return ()
    courses = trace_lines(maps.band, letter)
    cuts = [find_cuts(maps.gap, course, least=DOUBT[0]) for course in courses]
    bodies = [_bodies(course, found, maps) for course, found in zip(courses, cuts, strict=True)]
    ink = remove_rules(find_ink(copy, round(6 * STEP * letter) | 1), length=round(8 * STEP * letter))
    boxes = iter(share_ink(ink, [body for line in bodies for body in line], letter))
    lines = []
    for line, found in zip(bodies, cuts, strict=True):
        parts = [(box, cut) for _, box, cut in zip(line, boxes, [*found, None], strict=False) if box is not None]
        if parts:
            lines.append(read_line([box for box, _ in parts], [cut.chance for _, cut in parts[:-1] if cut]))
    lines = [lines[i] for i in reading_order([line.region for line in lines], letter * STEP)]
    return tuple(_to_page(line, copy.shape, grey.shape) for line in lines)


def _bodies(course: Course, cuts: list[Cut], maps: PageMaps) -> list[Body]:
    """The stretches between cuts."""
    starts = [(float(course.left), 0.0), *((cut.end, cut.slant) for cut in cuts)]
    ends = [*((cut.start, cut.slant) for cut in cuts), (float(course.right), 0.0)]
    return [_body(course, left, right, maps) for left, right in zip(starts, ends, strict=True)]


def _body(course: Course, left: tuple[float, float], right: tuple[float, float], maps: PageMaps) -> Body:
    columns = np.arange(int(left[0]), max(int(left[0]) + 1, round(right[0])))
    columns = np.clip(columns, course.left, course.right - 1)
    rows = np.clip(course.middle[columns - course.left].round().astype(int), 0, maps.band.shape[0] - 1)
    top = float(np.median(rows - maps.above[rows, columns]))
    bottom = float(np.median(rows + maps.below[rows, columns]))
    return Body(course, left[0], right[0], (left[1], right[1]), top, bottom)


def _to_page(line: TextLine, copy: tuple[int, ...], page: tuple[int, ...]) -> TextLine:
    """The line in page pixels."""
    from_size, to_size = (copy[1], copy[0]), (page[1], page[0])

    def moved(region: Region) -> Region:
        return region.scaled(from_size, to_size)

    words = tuple(WordBox(moved(word.region), word.position, word.span, word.score) for word in line.words)
    return TextLine(moved(line.region), words)
