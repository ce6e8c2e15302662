"""A random view of a page, and the maps the network should give for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from search.training_pages.annotations import Page

HEIGHT = 15.0
"""Height of an x on the copy the network sees, pixels."""
STEP = 2
"""Input pixels per output pixel."""
Maps = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sample:
    """One training view; maps are float32 (S / STEP, S / STEP)."""

    grey: NDArray[np.uint8]
    """uint8 (S, S)."""
    band: Maps
    """1 in letter bodies, 0 elsewhere."""
    band_weight: Maps
    gap: Maps
    """1 between words, 0 within them."""
    gap_weight: Maps
    reach: NDArray[np.float32]
    """float32 (2, S / STEP, S / STEP): how far the word reaches above and below the pixel, in units of HEIGHT."""
    reach_weight: Maps


def random_view(page: Page, random: np.random.Generator, side: int) -> Sample:
    """A view at a random place, scale, slope and slant, with changed light and ink."""
    matrix = _random_matrix(page, random, side)
    on_its_head = random.random() < 0.08
    if on_its_head:
        matrix = np.array([[-1, 0, side], [0, -1, side]]) @ np.vstack([matrix, [0, 0, 1]])
    border = int(np.median(page.grey[::16, ::16])) if random.random() < 0.5 else int(random.integers(0, 256))
    grey = cv2.warpAffine(page.grey, matrix, (side, side), flags=cv2.INTER_AREA, borderValue=border)
    sample = draw_maps(page, matrix, np.asarray(grey, np.uint8))
    if on_its_head:
        return replace(sample, reach_weight=np.zeros_like(sample.reach_weight))
    if random.random() < 0.04:
        return _sideways(sample, random)
    return sample


def _random_matrix(page: Page, random: np.random.Generator, side: int) -> NDArray[np.float64]:
    """float64 (2, 3), page to view."""
    scale = HEIGHT / page.height * np.exp(random.uniform(np.log(0.62), np.log(1.55)))
    angle = np.deg2rad(np.clip(random.normal(0, 2.0), -8, 8))
    slant = np.clip(random.normal(0, 0.12), -0.35, 0.35)
    stretch = np.exp(random.normal(0, 0.08))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale * turn @ np.array([[stretch, -slant], [0, 1]])
    height, width = page.grey.shape
    if len(page.words) and random.random() < 0.85:
        word = page.words[random.integers(len(page.words))]
        centre = np.array([(word[0] + word[2]) / 2, (word[1] + word[3]) / 2]) + random.normal(0, 0.2 * side / scale, 2)
    else:
        centre = random.uniform([0, 0], [width, height])
    return np.hstack([linear, (side / 2 - linear @ centre)[:, None]])


def draw_maps(page: Page, matrix: NDArray[np.float64], grey: NDArray[np.uint8]) -> Sample:
    """The maps for the view `grey` that `matrix` (page to view) gave."""
    size = (grey.shape[0] // STEP, grey.shape[1] // STEP)
    to_map = matrix / STEP
    scale = float(np.sqrt(abs(np.linalg.det(to_map[:, :2]))))
    band, written = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for line in page.bands:
        _fill(written, _moved(line.outline, to_map))
        _fill(band, _moved(np.concatenate([line.top, line.bottom[::-1]]), to_map))
    gap, known = np.zeros(size, np.uint8), band.copy()
    for stretch in page.unknown:
        _fill(known, _moved(stretch, to_map), 0)
    ends = _moved(page.gaps[:, :4].reshape(-1, 2), to_map).reshape(-1, 2, 2)
    gap_weight = np.ones(size, np.float32)
    for (start, end), width in zip(ends, page.gaps[:, 4] * scale, strict=True):
        _draw_cut(gap, gap_weight, start, end, float(width))
    gap &= band
    reach, reached = _draw_reach(page, to_map, size)
    near_ink = _near_ink(grey, size)
    outside = (written == 0) & (band == 0)
    band_weight = np.where(outside & near_ink, 0.35 if page.complete else 0.0, 1.0)
    band_weight[(written > 0) & (band == 0)] = 0.8
    return Sample(
        grey,
        band.astype(np.float32),
        band_weight.astype(np.float32),
        gap.astype(np.float32),
        np.where(gap > 0, gap_weight, 1.0).astype(np.float32) * known,
        reach,
        (reached & band).astype(np.float32),
    )


def _draw_cut(
    gap: NDArray[np.uint8], weight: Maps, start: NDArray[np.float32], end: NDArray[np.float32], width: float
) -> None:
    """A strip from start to end, as wide as the gap but at least two and a half map pixels; narrow ones weigh more."""
    width = max(width, 2.5)
    half = np.array([width / 2, 0], np.float32)
    strip = np.stack([start - half, start + half, end + half, end - half])
    _fill(gap, strip)
    _fill(weight, strip, float(np.clip(10 / width, 1, 3)))


def _draw_reach(
    page: Page, to_map: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    index = np.zeros(size, np.float32)
    for number, cell in enumerate(page.cells, start=1):
        points = _moved(cell, to_map)
        if points[:, 0].max() > 0 and points[:, 0].min() < size[1] and points[:, 1].max() > 0:
            cv2.fillPoly(index, [np.round(points * 16).astype(np.int32)], float(number), shift=4)
    which = index.astype(np.int32)
    middle = (page.words[:, 0] + page.words[:, 2]) / 2
    tops = np.stack([middle, page.words[:, 1]], 1)
    bottoms = np.stack([middle, page.words[:, 3]], 1)
    rows = np.arange(size[0], dtype=np.float32)[:, None]
    unit = HEIGHT / STEP
    top = np.concatenate([[0], _moved(tops, to_map)[:, 1]]).astype(np.float32)[which]
    bottom = np.concatenate([[0], _moved(bottoms, to_map)[:, 1]]).astype(np.float32)[which]
    return np.stack([(rows - top) / unit, (bottom - rows) / unit]), (which > 0).astype(np.uint8)


def _near_ink(grey: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Where strokes are within reach: dark detail against its surroundings."""
    detail = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((9, 9), np.uint8))
    strong = (cv2.resize(detail, size[::-1], interpolation=cv2.INTER_AREA) > 25).astype(np.uint8)
    return cv2.dilate(strong, np.ones((9, 9), np.uint8)) > 0


def _sideways(sample: Sample, random: np.random.Generator) -> Sample:
    """The view turned by a quarter, where nothing is to be found."""
    turned = np.ascontiguousarray(np.rot90(sample.grey, int(random.choice([1, 3]))))
    nothing = np.zeros_like(sample.band)
    return Sample(turned, nothing, nothing + 1, nothing, nothing, np.zeros_like(sample.reach), nothing)


def _moved(points: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)


def _fill(mask: NDArray[np.uint8] | Maps, points: NDArray[np.float32], value: float = 1) -> None:
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], value, shift=4)
