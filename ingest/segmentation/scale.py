"""How large the writing is, so that every page is worked on with letters of the same height."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ingest.segmentation.network import STEP, PageMaps, find_maps
from ingest.sources.source import Grey

_AIM = 20.0
"""Height of an x on the copy, pixels: a little more than the network was taught on finds the narrowest gaps best."""
_FIRST_LOOK = 1500
"""Longest side at which letters of most pages are of a height the network sees, pixels."""
_TILE = 640
"""Side of the part looked at first, pixels."""
_COARSE = 20
"""Step by which the tile is moved about, pixels."""
_LEAST_WRITTEN = 0.06
"""Less of a busy tile is letter bodies only where there is little writing, or where it does not run level."""
_MOST_PIXELS = 4.5e6
"""Size of the largest copy: it bounds the time for pages of tiny writing."""
_LARGEST = 3.0
"""Small images are enlarged at most by this."""


@dataclass(frozen=True, slots=True)
class FirstLook:
    """How to take a page so that the network sees it best."""

    sideways: bool
    """Whether the writing runs up or down the page, so that a quarter turn makes it level."""
    scale: float
    """Copy pixels per page pixel, such that an x is about _AIM pixels high on the copy."""


def first_look(grey: Grey) -> FirstLook:
    """Look at the part of the page with most strokes; where it shows no writing the page is taken at that size."""
    first = min(_LARGEST, _FIRST_LOOK / max(grey.shape))
    tile = _busiest(resized(grey, first))
    maps = find_maps(tile)
    sideways = False
    if _written(maps) < _LEAST_WRITTEN:
        turned = find_maps(np.ascontiguousarray(np.rot90(tile)))
        sideways = _written(turned) > 2 * max(_written(maps), _LEAST_WRITTEN / 2)
        maps = turned if sideways else maps
    height = letter_height(maps)
    scale = first if height is None else first * float(np.clip(_AIM / (height * STEP), 0.4, 2.5))
    largest = math.sqrt(_MOST_PIXELS / (grey.shape[0] * grey.shape[1]))
    return FirstLook(sideways, float(min(scale, largest, _LARGEST)))


def _written(maps: PageMaps) -> float:
    """Share of the pixels that are surely letter bodies."""
    return float((maps.band > 0.7).mean())


def letter_height(maps: PageMaps) -> float | None:
    """Usual height of the bands, map pixels; None where there are none."""
    mask = (maps.band > 0.5).astype(np.uint8)
    if mask.sum() < 60:
        return None
    runs = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, 9), np.uint8))
    upright = np.diff(np.pad(runs, ((1, 1), (0, 0))).astype(np.int8), axis=0)
    starts, ends = np.nonzero(upright.T == 1)[1], np.nonzero(upright.T == -1)[1]
    heights = ends - starts
    return float(np.median(heights)) if len(heights) > 20 else None


def resized(grey: Grey, scale: float) -> Grey:
    """The copy at that scale, at least one pixel each way."""
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    if size == (grey.shape[1], grey.shape[0]):
        return grey
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(grey, size, interpolation=way), np.uint8)


def _busiest(copy: Grey) -> Grey:
    """The tile with most fine dark detail, taken by medians so that a single blot or border does not win."""
    if max(copy.shape) <= _TILE:
        return copy
    detail = cv2.morphologyEx(copy, cv2.MORPH_BLACKHAT, np.ones((9, 9), np.uint8))
    strokes = resized((detail > 30).astype(np.uint8) * 255, 1 / _COARSE).astype(np.float32)
    strokes = np.minimum(strokes, 80)
    side = _TILE // _COARSE
    sums = cv2.boxFilter(strokes, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    top = int(np.clip(row * _COARSE - _TILE // 2, 0, max(0, copy.shape[0] - _TILE)))
    left = int(np.clip(column * _COARSE - _TILE // 2, 0, max(0, copy.shape[1] - _TILE)))
    return np.ascontiguousarray(copy[top : top + _TILE, left : left + _TILE])
