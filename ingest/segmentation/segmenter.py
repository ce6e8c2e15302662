"""Page image to lines of words."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.geometry import Region
from ingest.segmentation.grouping import connected_parts, group_words
from ingest.segmentation.ink import find_ink, to_grey
from ingest.segmentation.lines import assign_to_lines, find_line_cores, text_height
from ingest.segmentation.rules import remove_rules
from ingest.segmentation.words import TextLine, WordBox

SEGMENTER_VERSION = "ridges-1"
"""Changes whenever the same page would give other words: it is part of every word's identity."""

_WORKING_SIDE = 1600
"""Longest side of the copy that is worked on, pixels."""
_LEAST_SIDE = 8
"""Nothing is written on an image narrower than this, pixels of the copy."""


def segment_page(pixels: NDArray[np.uint8]) -> tuple[TextLine, ...]:
    """The words of a page, line by line in reading order, as boxes tight to the ink.

    `pixels` is uint8 (H, W) grey or (H, W, 3) RGB, upright. Regions are in its own pixels. Deterministic. A page
    without writing gives no lines.
    """
    grey = to_grey(pixels)
    scale = min(1.0, _WORKING_SIDE / max(grey.shape))
    if min(grey.shape) * scale < _LEAST_SIDE:
        return ()
    size = round(grey.shape[1] * scale), round(grey.shape[0] * scale)
    small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    ink = remove_rules(find_ink(small), length=_WORKING_SIDE // 18)
    parts = connected_parts(ink)
    height = text_height(parts)
    if height is None:
        return ()
    parts = parts.chosen((parts.h > 0.25 * height) & (parts.h < 6 * height) & (parts.w < 25 * height))
    cores = find_line_cores(ink, height)
    lines = [group_words(parts.chosen(assigned)) for assigned in assign_to_lines(parts, cores, height)]
    found = [_to_page(words, size, (grey.shape[1], grey.shape[0])) for words in lines if words]
    return tuple(sorted(found, key=lambda line: (line.region.y, line.region.x)))


def _to_page(words: list[Region], size: tuple[int, int], page: tuple[int, int]) -> TextLine:
    """A line with its words in page pixels."""
    boxes = tuple(WordBox(region.scaled(size, page), position) for position, region in enumerate(words))
    region = boxes[0].region
    for box in boxes[1:]:
        region = region.union(box.region)
    return TextLine(region, boxes)
