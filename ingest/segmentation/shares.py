"""Which ink belongs to which word: strokes go with the letter bodies they touch, and are cut between several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage  # type: ignore[import-untyped]

from ingest.geometry import Region
from ingest.segmentation.baselines import Course
from ingest.segmentation.ink import Mask
from ingest.segmentation.network import STEP

_LOOSE = 0.4
"""Dots and accents lie at most so many letter heights from the letter bodies they belong to: what floats further off is
more often another word's."""
_TAIL_HEIGHT, _TAIL_LENGTH, _TAIL_KEPT = 0.12, 0.3, 0.2
"""Ends of a word lower than the first and longer than the second are cut down to the third; in letter heights."""
_SLACK, _LEAN = 0.15, 0.25
"""How far ink reaches beyond the rows the network expects, and beyond the ends of the letter bodies; letter heights."""
_SPECK = 0.04
"""Loose ink smaller than this many squared letter heights is dirt."""
_FLAT, _DASH = 0.4, (1.0, 3.0)
"""What is lower than the first is no word, unless its length lies between the others: it is a dot, a comma, a bit of a
rule or a row of dots. In letter heights of the line or the page, the lower."""
_LONGEST = 15
"""No word is so many times longer than it is high."""
_Number = TypeVar("_Number", np.int32, np.float32)


@dataclass(frozen=True, slots=True)
class Body:
    """The letter bodies of one word: a stretch of a line with leaning ends. Map pixels."""

    line: Course
    left: float
    right: float
    slants: tuple[float, float]
    """Of its left and right end."""
    top: float
    bottom: float
    """Rows it reaches by the network's estimate."""

    def outline(self) -> NDArray[np.float32]:
        """float32 (n, 2), x and y."""
        half = self.line.height / 2
        left, right = self.left, max(self.right, self.left + 1)
        columns = np.clip(np.arange(round(left), round(right) + 1), self.line.left, self.line.right - 1)
        rows = self.line.middle[columns - self.line.left]
        lean = np.interp(columns, [left, right], self.slants) * half
        upper = np.stack([columns + lean, rows - half], 1)
        lower = np.stack([columns - lean, rows + half], 1)
        return np.concatenate([upper, lower[::-1]]).astype(np.float32)


def share_ink(ink: Mask, bodies: Sequence[Body], letter: float) -> list[Region | None]:
    """The box tight around each word's ink, pixels of `ink`; None where a body holds no ink, or only flat marks.

    `letter` is the height of an x, map pixels.
    """
    size = (-(-ink.shape[0] // STEP), -(-ink.shape[1] // STEP))
    body = _draw(bodies, size)
    far, nearest = _spread(body)
    full = (ink.shape[1], ink.shape[0])
    touching, near = (_grown(part, full) for part in (body, nearest))
    owner = _owners(ink, touching, near, _grown(far, full), letter)
    boxes = ndimage.find_objects(owner, max_label=len(bodies))
    numbered = enumerate(zip(boxes, bodies, strict=True), start=1)
    return [_limited(owner, box, number, one, letter) for number, (box, one) in numbered]


def _draw(bodies: Sequence[Body], size: tuple[int, int]) -> NDArray[np.int32]:
    """int32 map of numbers from 1."""
    drawn = np.zeros(size, np.int32)
    for number, one in enumerate(bodies, 1):
        cv2.fillPoly(drawn, [np.round(one.outline() * 16).astype(np.int32)], number, shift=4)
    return drawn


def _spread(body: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Distance to the nearest body, and its number."""
    if not body.any():
        return np.full(body.shape, 1e6, np.float32), body
    far, cell = cv2.distanceTransformWithLabels(
        (body == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    number = np.zeros(int(cell.max()) + 1, np.int32)
    number[cell[body > 0]] = body[body > 0]
    return np.asarray(far, np.float32), number[cell]


def _owners(
    ink: Mask, touching: NDArray[np.int32], near: NDArray[np.int32], far: NDArray[np.float32], letter: float
) -> NDArray[np.int32]:
    """Number of the word each ink pixel belongs to, 0 for none."""
    count, strokes, stats, centres = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    where = ink & (touching > 0)
    words = int(near.max()) + 1
    pairs, sizes = np.unique(strokes[where].astype(np.int64) * words + touching[where], return_counts=True)
    stroke, word = pairs // words, pairs % words
    most = np.zeros(count, np.int64)
    np.maximum.at(most, stroke, sizes)
    total = np.bincount(stroke, sizes, count)
    main = sizes == most[stroke]
    whole = np.zeros(count, np.int32)
    whole[stroke[main]] = word[main]
    shared = (total > 0) & (most < 0.9 * total)
    at = tuple(np.clip(centres[:, ::-1].astype(int).T, 0, np.array(ink.shape)[:, None] - 1))
    loose = (total == 0) & (stats[:, 4] >= _SPECK * (STEP * letter) ** 2) & (far[at] < _LOOSE * letter)
    whole[loose] = near[at][loose]
    whole[0] = 0
    by_stroke = whole[strokes]
    return np.asarray(np.where(shared[strokes] & ink, np.where(far < 2 * letter, near, 0), by_stroke), np.int32)


def _limited(
    owner: NDArray[np.int32], box: tuple[slice, slice] | None, number: int, body: Body, letter: float
) -> Region | None:
    """The box of a word's ink within the rows and columns it can reach."""
    if box is None:
        return None
    rows = _within(box[0], body.top - _SLACK * letter, body.bottom + _SLACK * letter)
    columns = _within(box[1], body.left - _LEAN * letter, body.right + _LEAN * letter)
    mine = owner[rows, columns] == number
    if not mine.any():
        return None
    left, right = _without_tails(mine.sum(axis=0), letter * STEP)
    inked = np.flatnonzero(mine[:, left:right].any(axis=1))
    x, y = columns.start + left, rows.start + int(inked[0])
    region = Region(x, y, right - left, int(inked[-1] - inked[0]) + 1)
    return None if _is_flat(region, STEP * min(letter, body.line.height)) else region


def _is_flat(region: Region, letter: float) -> bool:
    shortest, longest = _DASH
    if region.w > _LONGEST * region.h:
        return True
    return region.h < _FLAT * letter and not shortest * letter <= region.w <= longest * letter


def _within(pixels: slice, first: float, last: float) -> slice:
    """The part of a run of pixels between two places on the map."""
    start = max(pixels.start, int(first * STEP))
    return slice(start, max(start, min(pixels.stop, int(last * STEP) + 1)))


def _without_tails(profile: NDArray[np.int_], letter: float) -> tuple[int, int]:
    """First column and end of a word's ink, without long thin tails: what is left of ruled lines."""
    columns, thick = np.flatnonzero(profile), np.flatnonzero(profile > _TAIL_HEIGHT * letter)
    left, right = int(columns[0]), int(columns[-1]) + 1
    if not len(thick):
        return left, right
    first, last, kept = int(thick[0]), int(thick[-1]) + 1, round(_TAIL_KEPT * letter)
    if first - left > _TAIL_LENGTH * letter:
        left = first - kept
    if right - last > _TAIL_LENGTH * letter:
        right = last + kept
    return left, right


def _grown(values: NDArray[_Number], size: tuple[int, int]) -> NDArray[_Number]:
    """Each map pixel as STEP x STEP pixels, cut to size (width, height)."""
    return np.repeat(np.repeat(values, STEP, axis=0), STEP, axis=1)[: size[1], : size[0]]
