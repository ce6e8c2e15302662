"""A flat sheet, written on: the ink of all its lines, and the outline of each word's ink."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from samples.generator.handwriting import Hand
from samples.generator.layout import PlacedLine, PlacedWord
from samples.generator.noise import Floats, smooth

_VISIBLE = 0.2  # ink below this is not seen


def ink_layer(
    lines: list[PlacedLine], size: tuple[int, int], hands: dict[str, Hand], rng: np.random.Generator
) -> Floats:
    """Absorbance (height, width, 3) of all ink on a sheet of `size` (width, height): light left is exp(-absorbance)."""
    layer = np.zeros((size[1], size[0], 3), np.float32)
    for line in lines:
        hand = hands.get(line.kind, hands["body"])
        colour = -np.log(np.clip(np.asarray(hand.ink, np.float32), 1, 254) / 255)
        for word in line.words:
            _lay(layer, word.ink.ink, word.x, word.y - word.ink.rise, colour)
            if word.struck:
                _strike(layer, word, colour, rng)
        if line.kind == "insertion":
            _caret(layer, line, hand.x_height, colour, rng)
    return layer


def outline(word: PlacedWord) -> NDArray[np.float32]:
    """Points (n, 2) around the visible ink of a word, x and y in pixels of the sheet."""
    seen = (word.ink.ink > _VISIBLE).astype(np.uint8)
    found, _ = cv2.findContours(seen, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = np.concatenate([part.reshape(-1, 2) for part in found]).astype(np.float32)
    return points + np.asarray([word.x + 0.5, word.y - word.ink.rise + 0.5], np.float32)


def _lay(layer: Floats, ink: Floats, x: int, y: int, colour: Floats) -> None:
    """Add ink with its top left corner at (x, y); what falls off the sheet is lost."""
    top, left = max(0, -y), max(0, -x)
    into = layer[max(0, y) : y + ink.shape[0], max(0, x) : x + ink.shape[1]]
    part = ink[top : top + into.shape[0], left : left + into.shape[1], None]
    np.maximum(into, part * colour, out=into)


def _strike(layer: Floats, word: PlacedWord, colour: Floats, rng: np.random.Generator) -> None:
    """Two strokes of the pen through a word."""
    height, width = word.ink.ink.shape
    middle = word.ink.rise * 0.72
    for shift in (-0.08, 0.1):
        across = np.linspace(0.01, 0.99, 12) * width
        wave = middle + shift * height + rng.normal(0, 2) + np.linspace(0, rng.normal(0, 4), 12)
        _stroke(layer, np.stack([across + word.x, wave + word.y - word.ink.rise], axis=1), colour, rng)


def _caret(layer: Floats, line: PlacedLine, x_height: float, colour: Floats, rng: np.random.Generator) -> None:
    """The mark on the line that shows where the insertion belongs."""
    middle = (line.words[0].x + line.words[-1].right) / 2
    foot = line.words[0].y + x_height * 1.7
    points = [(middle - x_height * 0.3, foot), (middle, foot - x_height * 0.8), (middle + x_height * 0.3, foot)]
    _stroke(layer, np.asarray(points), colour, rng)


def _stroke(layer: Floats, points: NDArray[np.float64], colour: Floats, rng: np.random.Generator) -> None:
    ink = np.zeros(layer.shape[:2], np.float32)
    fixed = np.round(points * 16).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(ink, [fixed], False, (0.85,), 2, cv2.LINE_8, 4)
    x, y, w, h = cv2.boundingRect(np.round(points).astype(np.int32).reshape(-1, 1, 2))
    box = (slice(max(0, y - 6), y + h + 6), slice(max(0, x - 6), x + w + 6))
    soft = cv2.GaussianBlur(ink[box], (0, 0), 0.7) * (1 - 0.2 * np.abs(smooth(rng, ink[box].shape[:2], 12)))
    np.maximum(layer[box], soft[..., None].astype(np.float32) * colour, out=layer[box])
