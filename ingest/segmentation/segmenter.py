"""Page image to lines of words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ingest.geometry import Region
from ingest.segmentation.baselines import Course, trace_lines
from ingest.segmentation.cuts import Cut, find_cuts
from ingest.segmentation.ink import Mask, find_ink, to_grey
from ingest.segmentation.line_network import LINE_WEIGHTS, find_gaps
from ingest.segmentation.network import STEP, WEIGHTS, PageMaps, find_maps
from ingest.segmentation.order import reading_order
from ingest.segmentation.readings import DOUBT, Doubt, read_line
from ingest.segmentation.rules import remove_rules
from ingest.segmentation.scale import first_look, letter_height, resized
from ingest.segmentation.shares import Body, share_ink
from ingest.segmentation.spacing import SPACING_WEIGHTS, WORTH_JUDGING, judge_cuts
from ingest.segmentation.turning import turned, turned_back
from ingest.segmentation.words import TextLine
from ingest.sources.source import Grey

_FILES = (WEIGHTS, LINE_WEIGHTS, SPACING_WEIGHTS)
_LEARNED = b"".join(files("ingest.segmentation").joinpath(name).read_bytes() for name in _FILES)
SEGMENTER_VERSION = f"bands-7-{hashlib.sha256(_LEARNED).hexdigest()[:8]}"
"""Changes whenever the same page would give other words: it is part of every word's identity."""

_SURELY_UPRIGHT = 0.58
"""A page that looks upright with less than this probability is looked at the other way round too."""
_PLAINLY = 0.1
"""It is turned where the other way is surely upright, by so much more: a few words may look alike both ways."""
_LEAST_SIDE = 16
"""Nothing is written on an image narrower than this, pixels."""


@dataclass(frozen=True, slots=True)
class PageReading:
    """What is seen on a page before words are made of it. Map pixels, and STEP times as many on the copy."""

    ink: Mask
    """Of the copy the network has seen."""
    maps: PageMaps
    letter: float
    """Usual height of an x."""
    courses: tuple[Course, ...]
    cuts: tuple[tuple[Cut, ...], ...]
    """Of each course, every gap worth judging."""


def segment_page(pixels: NDArray[np.uint8], doubt: Doubt = DOUBT) -> tuple[TextLine, ...]:
    """The words of a page, line by line in reading order, as boxes tight to the ink.

    `pixels` is uint8 (H, W) grey or (H, W, 3) RGB. Regions are in its own pixels, also where the writing lies on its
    side or stands on its head. Deterministic. A page without writing gives no lines. Gaps whose probability lies
    within `doubt` are read both ways, with scores.
    """
    return segment_turned(pixels, doubt)[0]


def segment_turned(pixels: NDArray[np.uint8], doubt: Doubt = DOUBT) -> tuple[tuple[TextLine, ...], int]:
    """As `segment_page`, and by how many quarter turns to the left the page had to be set upright, 0 to 3."""
    grey = to_grey(pixels)
    if min(grey.shape) < _LEAST_SIDE:
        return (), 0
    look = first_look(grey)
    turns = int(look.sideways)
    reading = read_maps(turned(grey, turns), look.scale)
    if reading is None:
        return (), 0
    if reading.maps.upright < _SURELY_UPRIGHT:
        other = read_maps(turned(grey, turns + 2), look.scale)
        if other is not None and other.maps.upright > max(_SURELY_UPRIGHT, reading.maps.upright + _PLAINLY):
            reading, turns = other, turns + 2
    lines = _lines(reading, doubt)
    order = reading_order([line.region for line in lines], reading.letter * STEP)
    copy, upright = _size(reading.ink.shape), _size(turned(grey, turns).shape)

    def to_page(region: Region) -> Region:
        return turned_back(region.scaled(copy, upright), turns, grey.shape)

    return tuple(lines[i].moved(to_page) for i in order), turns


def read_maps(grey: Grey, scale: float) -> PageReading | None:
    """Lines and gaps of an upright page taken at that scale; None where there is no writing."""
    copy = resized(grey, scale)
    maps = find_maps(copy)
    letter = letter_height(maps)
    if letter is None:
        return None
    ink = remove_rules(find_ink(copy, round(6 * STEP * letter) | 1), STEP * letter)
    courses = trace_lines(maps.band, letter)
    along = zip(courses, find_gaps(copy, courses), strict=True)
    cuts = tuple(tuple(find_cuts(maps.gap, gaps, course, WORTH_JUDGING)) for course, gaps in along)
    return PageReading(ink, maps, letter, tuple(courses), cuts)


def _lines(reading: PageReading, doubt: Doubt) -> list[TextLine]:
    """Words line by line, pixels of the copy."""
    judged = judge_cuts(reading.courses, reading.cuts, reading.ink)
    cuts = [[cut for cut in line if cut.chance >= doubt[0]] for line in judged]
    bodies = [_bodies(course, found, reading.maps) for course, found in zip(reading.courses, cuts, strict=True)]
    boxes = iter(share_ink(reading.ink, [body for line in bodies for body in line], reading.letter))
    lines = []
    for line, found in zip(bodies, cuts, strict=True):
        parts = [(box, cut) for _, box, cut in zip(line, boxes, [*found, None], strict=False) if box is not None]
        if parts:
            lines.append(read_line([box for box, _ in parts], [cut.chance for _, cut in parts[:-1] if cut], doubt))
    return lines


def _bodies(course: Course, cuts: Sequence[Cut], maps: PageMaps) -> list[Body]:
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


def _size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Width and height."""
    return shape[1], shape[0]
