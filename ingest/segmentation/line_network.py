"""The line network: where words part, seen along a straightened line. It knows more hands than the page network."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.segmentation.baselines import Course
from ingest.segmentation.shipped import shipped_network
from ingest.segmentation.strips import LETTER, MARGIN, Strip, darkness, straighten
from ingest.sources.source import Grey

LINE_WEIGHTS = "weights/lines.onnx"
_STEP = 2
"""Columns of a strip per output."""
_MULTIPLE = 256
_MOST_COLUMNS = 8192
"""Strips are looked at side by side, so many columns at once: it bounds the memory."""

Profile = NDArray[np.float32]
"""Of a line, probability that it parts two words, at each map column from its left end on."""


def find_gaps(copy: Grey, lines: Sequence[Course]) -> list[Profile]:
    """The profile of each line; `copy` is uint8 (H, W), what the lines were found on. Raises ModelError."""
    dark = darkness(copy)
    strips = [straighten(dark, line) for line in lines]
    found: list[NDArray[np.float32]] = []
    for group in _groups(strips):
        found += _look(group)
    return [_by_map_column(line, logits) for line, logits in zip(lines, found, strict=True)]


def _groups(strips: Sequence[Strip]) -> list[list[Strip]]:
    groups: list[list[Strip]] = []
    room = 0
    for strip in strips:
        if strip.shape[1] > room:
            groups.append([])
            room = _MOST_COLUMNS
        groups[-1].append(strip)
        room -= strip.shape[1]
    return groups


def _look(strips: Sequence[Strip]) -> list[NDArray[np.float32]]:
    """Logits of each strip, one for every _STEP columns."""
    row = np.concatenate(strips, axis=1)
    padded = cv2.copyMakeBorder(row, 0, 0, 0, -row.shape[1] % _MULTIPLE, cv2.BORDER_CONSTANT, value=0)
    network = shipped_network(LINE_WEIGHTS)
    network.setInput((padded.astype(np.float32) / 255)[None, None])
    logits = np.asarray(network.forward(), np.float32)[0, :, 0].T.reshape(-1)
    ends = np.cumsum([strip.shape[1] for strip in strips])
    return [logits[(end - strip.shape[1]) // _STEP : end // _STEP] for strip, end in zip(strips, ends, strict=True)]


def _by_map_column(line: Course, logits: NDArray[np.float32]) -> Profile:
    places = MARGIN + (np.arange(line.right - line.left) + 0.5) * (LETTER / line.height)
    there = np.interp(places, (np.arange(len(logits)) + 0.25) * _STEP, logits)
    return np.asarray(1 / (1 + np.exp(-there)), np.float32)
