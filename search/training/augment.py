"""What can happen to a word between two hands and two scanners, on its ink."""

from __future__ import annotations

import math

import cv2
import numpy as np

from search.handwriting.ink import HEIGHT, Pixels, map_width, pixels

Rng = np.random.Generator


def augment(ink: Pixels, neighbour: Pixels, rng: Rng) -> Pixels:
    """Ink of `raw_ink`, and of some other word -> uint8 (HEIGHT, w), w at most MAX_WIDTH."""
    out = _place(_stroke_width(ink, rng), rng)
    if rng.random() < 0.35:
        out = _elastic(out, rng)
    if rng.random() < 0.15:
        out = _intrude(out, neighbour, rng)
    if rng.random() < 0.06:
        _rule(out, rng)
    if rng.random() < 0.08:
        _erase(out, rng)
    return _tone(out, rng)


def _stroke_width(ink: Pixels, rng: Rng) -> Pixels:
    """Bolder or thinner, sometimes."""
    dice = rng.random()
    if dice < 0.16:
        return pixels(cv2.dilate(ink, np.ones((2, 2) if dice < 0.11 else (3, 3), np.uint8)))
    if dice < 0.24:
        return pixels(cv2.erode(ink, np.ones((1, 2) if dice < 0.20 else (2, 1), np.uint8)))
    return ink


def _place(ink: Pixels, rng: Rng) -> Pixels:
    """Slanted, turned, stretched, in a box that is tight, loose or cuts the word, at the size the model sees."""
    height, width = ink.shape
    slant = rng.normal(0.0, 0.2)
    turn = rng.normal(0.0, 0.02) * min(1.0, 3 * height / width)
    loose = 0.02 if rng.random() < 0.7 else 0.10
    top, bottom = rng.normal(0.0, loose, 2) * height
    left, right = rng.normal(0.0, loose, 2) * height
    box_height = max(height + top + bottom, 4.0)
    box_width = max(width + left + right + abs(slant) * height * 0.6, 2.0)
    out_width = map_width(round(box_height), max(1, round(box_width * math.exp(rng.normal(-0.10, 0.15)))))
    scale = np.array([[out_width / box_width], [HEIGHT / box_height]])
    matrix = np.array([[1.0, -slant, 0.0], [turn, 1.0, 0.0]])
    centre = matrix[:, :2] @ np.array([width / 2, height / 2])
    matrix[:, 2] = np.array([box_width / 2 + (left - right) / 2, box_height / 2 + (top - bottom) / 2]) - centre
    return pixels(cv2.warpAffine(ink, matrix * scale, (out_width, HEIGHT), flags=cv2.INTER_LINEAR))


def _elastic(ink: Pixels, rng: Rng) -> Pixels:
    """Letters wider and narrower, the line wavy."""
    width = ink.shape[1]
    knots = max(3, width // 12)
    waves = rng.normal(0.0, 1.0, (2, knots)).astype(np.float32) * np.array([[2.2], [1.0]], np.float32)
    smooth = cv2.resize(waves, (width, 2), interpolation=cv2.INTER_CUBIC)
    columns = np.arange(width, dtype=np.float32) + smooth[0]
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None] + smooth[1][None]
    columns = np.ascontiguousarray(np.broadcast_to(columns, (HEIGHT, width)))
    return pixels(cv2.remap(ink, columns, rows, cv2.INTER_LINEAR))


def _intrude(ink: Pixels, neighbour: Pixels, rng: Rng) -> Pixels:
    """Strokes of a neighbouring word at one edge."""
    out = ink.copy()
    depth = int(rng.integers(2, 8))
    side = rng.integers(4)
    if side < 2:
        other = cv2.resize(neighbour, (max(1, neighbour.shape[1] * HEIGHT // neighbour.shape[0]), HEIGHT))
        depth = min(depth, other.shape[1], out.shape[1])
        if side == 0:
            out[:, :depth] = np.maximum(out[:, :depth], other[:, -depth:])
        else:
            out[:, -depth:] = np.maximum(out[:, -depth:], other[:, :depth])
        return out
    other = cv2.resize(neighbour, (out.shape[1], HEIGHT))
    edge, source = (slice(0, depth), slice(-depth, None)) if side == 2 else (slice(-depth, None), slice(0, depth))
    out[edge] = np.maximum(out[edge], other[source])
    return out


def _rule(ink: Pixels, rng: Rng) -> None:
    """A ruled or struck line."""
    first, last = (int(value) for value in rng.integers(HEIGHT // 2, HEIGHT, 2))
    last = int(first + 0.15 * (last - first))
    cv2.line(ink, (0, first), (ink.shape[1] - 1, last), int(rng.integers(60, 256)), 1)


def _erase(ink: Pixels, rng: Rng) -> None:
    """A hole, a fold, a faded spot."""
    width = ink.shape[1]
    x, y = int(rng.integers(width)), int(rng.integers(HEIGHT))
    w, h = int(rng.integers(2, max(3, width // 6))), int(rng.integers(2, HEIGHT // 2))
    ink[y : y + h, x : x + w] = (ink[y : y + h, x : x + w] * rng.uniform(0.0, 0.5)).astype(np.uint8)


def _tone(ink: Pixels, rng: Rng) -> Pixels:
    """Contrast, focus and grain."""
    if rng.random() < 0.25:
        ink = pixels(cv2.GaussianBlur(ink, (3, 3), float(rng.uniform(0.4, 1.2))))
    levels = 255.0 * (np.arange(256) / 255.0) ** math.exp(rng.normal(0.0, 0.22)) * rng.uniform(0.65, 1.1)
    ink = pixels(cv2.LUT(ink, np.clip(levels, 0, 255).astype(np.uint8)))
    if rng.random() < 0.2:
        grain = rng.integers(-128, 128, ink.shape, dtype=np.int16) * int(rng.integers(3, 20)) // 100
        ink = np.clip(ink + grain, 0, 255).astype(np.uint8)
    return ink
