"""Where a line parts into words: gaps along its course, each with how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.segmentation.baselines import Course
from ingest.segmentation.line_network import Profile
from ingest.segmentation.network import Map

_SLANTS = (-0.3, 0.0, 0.3, 0.6, 0.9)
"""Columns per row by which a gap may lean to the right."""
_ROWS = 7


@dataclass(frozen=True, slots=True)
class Cut:
    """A gap between two words, map columns at the middle of the letter bodies."""

    start: float
    end: float
    """Where the word before it ends and the word after it begins."""
    slant: float
    chance: float
    """Probability that it parts two words, by the page network until `judge_cuts` has weighed it."""
    along: float
    """The same by the line network."""


def find_cuts(gap: Map, along: Profile, line: Course, least: float) -> list[Cut]:
    """All gaps of a line that part words with probability at least `least`, left to right.

    `gap` is what the page network says, `along` what the line network says: their mean in logits decides what is a gap.
    Gaps lean as the writing does: of a few slants the line's own is the one under which its gaps stand out most.
    """
    slant, seen = max(((s, _profile(gap, line, s)) for s in _SLANTS), key=lambda one: float((one[1] ** 2).sum()))
    profile = together(seen, along)
    inside = np.concatenate([[False], profile >= least, [False]])
    starts = np.flatnonzero(inside[1:] & ~inside[:-1])
    ends = np.flatnonzero(~inside[1:] & inside[:-1])
    cuts = []
    for start, end in zip(starts, ends, strict=True):
        for a, b in _valleys_apart(profile, int(start), int(end), line.height):
            peak = a + int(profile[a:b].argmax())
            top = float(profile[peak])
            strong = np.flatnonzero(profile[a:b] >= 0.6 * top) + a
            chances = float(seen[a:b].max()), float(along[a:b].max())
            cuts.append(Cut(line.left + float(strong[0]), line.left + float(strong[-1]) + 1, slant, *chances))
    return [cut for cut in cuts if cut.end > line.left + 1 and cut.start < line.right - 1]


def together(one: Profile, other: Profile) -> Profile:
    """Mean of two probabilities in logits."""
    both = np.sqrt((one + 1e-3) * (other + 1e-3))
    neither = np.sqrt((1 + 1e-3 - one) * (1 + 1e-3 - other))
    return np.asarray(both / (both + neither), np.float32)


def _profile(gap: Map, line: Course, slant: float) -> NDArray[np.float32]:
    """Mean gap probability over the letter bodies, column by column, along strokes of that slant."""
    rows = np.linspace(-0.4, 0.4, _ROWS, dtype=np.float32)[:, None] * np.float32(line.height)
    columns = np.arange(line.left, line.right, dtype=np.float32)[None] - np.float32(slant) * rows
    sampled = cv2.remap(gap, columns, line.middle[None] + rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled.mean(axis=0), np.float32)


def _valleys_apart(profile: NDArray[np.float32], start: int, end: int, height: float) -> list[tuple[int, int]]:
    """Part a run at deep valleys: two gaps with a short word between them."""
    run = profile[start:end]
    if end - start < 1.2 * height:
        return [(start, end)]
    low = start + int(run.argmin())
    left, right = profile[start : low + 1].max(), profile[low:end].max()
    if profile[low] < 0.6 * min(left, right) and start < low < end - 1:
        return _valleys_apart(profile, start, low, height) + _valleys_apart(profile, low + 1, end, height)
    return [(start, end)]
