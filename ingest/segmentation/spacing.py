"""Whether a gap parts two words, judged by the writer's own spacing.

The page network sees a gap in its surroundings; what this writer leaves between letters and between words shows only
over the line and the page. A small perceptron weighs both; its word counts as much as the line network's.
`search.training_pages.spacing` fits it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.segmentation.baselines import Course
from ingest.segmentation.cuts import Cut, together
from ingest.segmentation.ink import Mask
from ingest.segmentation.network import STEP

SPACING_WEIGHTS = "weights/spacing.json"
WORTH_JUDGING = 0.05
"""Probability by both networks from which a gap is judged at all."""

_WHITE = 0.05
"""Share of ink up to which a column counts as white."""
_ROWS = 11
_USUAL_WHITE = (0.2, 0.8)
"""White between letters and between words, letter heights, where the page tells nothing."""
_PRIOR = 3.0
"""How many gaps of a line weigh as much as the whole page."""

Features = NDArray[np.float64]
"""float64 (n, FEATURES), one row a gap."""
FEATURES = 13


def judge_cuts(lines: Sequence[Course], cuts: Sequence[Sequence[Cut]], ink: Mask) -> list[list[Cut]]:
    """The cuts of each line with the probability that they part two words; `ink` has STEP pixels a map pixel."""
    along = np.array([cut.along for line in cuts for cut in line], np.float32)
    chances = iter(together(_perceptron(describe_cuts(lines, cuts, ink)).astype(np.float32), along))
    return [[replace(cut, chance=float(next(chances))) for cut in line] for line in cuts]


def describe_cuts(lines: Sequence[Course], cuts: Sequence[Sequence[Cut]], ink: Mask) -> Features:
    """What is known of each cut, line by line."""
    filled = [(line, found) for line, found in zip(lines, cuts, strict=True) if found]
    if not filled:
        return np.zeros((0, FEATURES))
    pixels = ink.astype(np.uint8)
    alone = [_white(line, found, pixels) for line, found in filled]
    chances = [np.array([cut.chance for cut in found]) for _, found in filled]
    between = _usual(np.concatenate([own[:, 0] for own in alone]), np.concatenate(chances), _USUAL_WHITE, 1.0)
    rows = zip(filled, alone, chances, strict=True)
    return np.concatenate([_features(line, found, own, chance, between) for (line, found), own, chance in rows])


def _white(line: Course, cuts: Sequence[Cut], pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Of each cut the width of the white around it, letter heights, and least and mean share of ink in it."""
    offsets = np.linspace(-0.55, 0.5, _ROWS, dtype=np.float32)[:, None] * np.float32(line.height)
    columns = np.arange(line.left, line.right, dtype=np.float32)[None] - np.float32(cuts[0].slant) * offsets
    rows = line.middle[None] + offsets
    sampled = cv2.remap(pixels * np.uint8(255), columns * STEP, rows * STEP, cv2.INTER_LINEAR)
    share = np.asarray(sampled, np.float64).mean(axis=0) / 255
    starts, ends = _runs(share < _WHITE)
    found = []
    for cut in cuts:
        first, last = int(cut.start) - line.left, int(cut.end) - line.left
        near = (starts < last + 2) & (ends > first - 2)
        width = float((ends - starts)[near].max()) if near.any() else 0.0
        inside = share[max(0, first - 1) : max(first, last, 0) + 1]
        found.append((width / line.height, float(inside.min()), float(inside.mean())))
    return np.array(found)


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """First columns and ends of the stretches of a mask."""
    steps = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)


def _usual(
    white: NDArray[np.float64], chance: NDArray[np.float64], prior: tuple[float, float], weight: float
) -> tuple[float, float]:
    """Mean white between letters and between words, each gap counted on both sides by its probability."""
    white = np.minimum(white, 3)
    letters = (white @ (1 - chance) + weight * prior[0]) / ((1 - chance).sum() + weight)
    words = (white @ chance + weight * prior[1]) / (chance.sum() + weight)
    return float(letters), float(words)


def _features(
    line: Course,
    cuts: Sequence[Cut],
    alone: NDArray[np.float64],
    chance: NDArray[np.float64],
    page: tuple[float, float],
) -> Features:
    white = np.minimum(alone[:, 0], 3)
    here = _usual(white, chance, page, _PRIOR)
    logit = _logit(chance)
    left, right = _distances(line, cuts, chance)
    near, far = np.sort(np.stack([left, right]), axis=0)
    columns = [
        logit,
        white,
        np.log1p(4 * white),
        _between(white, here),
        _between(white, page),
        alone[:, 1],
        alone[:, 2],
        np.log(np.maximum(near, 0.1)),
        np.log(np.maximum(far, 0.1)),
        np.full(len(cuts), logit.mean()),
        np.full(len(cuts), here[0]),
        np.full(len(cuts), here[1]),
        np.array([cut.end - cut.start for cut in cuts]) / line.height,
    ]
    return np.stack(columns, axis=1)


def _between(white: NDArray[np.float64], usual: tuple[float, float]) -> NDArray[np.float64]:
    """0 for the usual white between letters, 1 for that between words."""
    return np.clip((white - usual[0]) / max(usual[1] - usual[0], 0.15), -2, 3)


def _logit(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(chance, 0.02, 0.98)
    return np.asarray(np.log(clipped / (1 - clipped)), np.float64)


def _distances(
    line: Course, cuts: Sequence[Cut], chance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far the next likely cut or the line's end lies to the left and to the right, letter heights."""
    at = np.array([(cut.start + cut.end) / 2 for cut in cuts])
    likely = (chance[None] >= np.minimum(chance, 0.5)[:, None]) & ~np.eye(len(cuts), dtype=bool)
    apart = at[:, None] - at[None]
    left = np.where(likely & (apart > 0), apart, np.inf).min(axis=1)
    right = np.where(likely & (apart < 0), -apart, np.inf).min(axis=1)
    return np.minimum(left, at - line.left) / line.height, np.minimum(right, line.right - at) / line.height


def _perceptron(features: Features) -> NDArray[np.float64]:
    """Probabilities, float64 (n,)."""
    mean, spread, hidden, bias, out, lift = _weights()
    inner = np.tanh((features - mean) / spread @ hidden + bias)
    return np.asarray(1 / (1 + np.exp(-(inner @ out + lift))), np.float64)


@cache
def _weights() -> tuple[NDArray[np.float64], ...]:
    """Mean and spread of the features (n,), hidden layer (n, m) and (m,), output (m,) and ()."""
    values = json.loads(files("ingest.segmentation").joinpath(SPACING_WEIGHTS).read_text())
    return tuple(np.array(values[name]) for name in ("mean", "spread", "hidden", "bias", "out", "lift"))
