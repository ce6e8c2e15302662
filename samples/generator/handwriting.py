"""One writer: turns a word into ink that never comes out the same way twice."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from cv2.typing import MatLike
from PIL import Image, ImageDraw, ImageFont

from samples.generator import fonts
from samples.generator.noise import Floats, smooth

_FINE = 2  # words are drawn this much larger, then reduced


@dataclass(frozen=True, slots=True)
class Hand:
    """How somebody writes. Lengths are in pixels of the sheet, or in heights of the letter x where it says so."""

    face: str
    x_height: float
    ink: tuple[int, int, int] = (74, 50, 32)
    """RGB of the ink at full strength."""
    weight: float = 0.0
    """Makes strokes thicker (above 0) or thinner, about -0.3 to 0.3."""
    slant: float = 0.0
    """Degrees added to the slant of the face, to the right."""
    stretch: float = 1.0
    """Width of the letters, as a factor."""
    space: float = 1.1
    """Gap between words, in x heights."""
    wobble: float = 0.07
    """How far parts of a letter stray, in x heights."""
    blots: float = 0.35
    """How much the ink varies in darkness, 0 to 1."""


@dataclass(frozen=True, slots=True)
class InkedWord:
    """Ink of one word."""

    ink: Floats
    """(h, w), 0 no ink to 1 full; cut to the ink."""
    rise: int
    """Rows from the top of `ink` down to the baseline."""


class Writer:
    """Writes words in a Hand; the pen runs dry and is dipped again as it goes."""

    def __init__(self, hand: Hand, rng: np.random.Generator) -> None:
        self.hand = hand
        self._rng = rng
        self._dipped = 0.0

    def gap(self) -> float:
        """Pixels to the next word."""
        return self.hand.x_height * self.hand.space * self._rng.uniform(0.85, 1.2)

    def write(self, text: str) -> InkedWord:
        """The ink of `text`, with this time's slant, size, wobble and blots."""
        drawn, origin = self._draw(text)
        moved, baseline = self._distort(drawn, origin)
        ink = self._inked(moved)
        return _cut(cv2.resize(ink, None, fx=1 / _FINE, fy=1 / _FINE, interpolation=cv2.INTER_AREA), baseline / _FINE)

    def _draw(self, text: str) -> tuple[Floats, tuple[int, int]]:
        font = fonts.load(self.hand.face, self.hand.x_height * _FINE)
        left, top, right, bottom = font.getbbox(text, anchor="ls", features=_features(font))
        margin = round(self.hand.x_height * _FINE * 1.5)
        origin = (margin - round(left), margin - round(top))
        image = Image.new("L", (round(right - left) + 2 * margin, round(bottom - top) + 2 * margin))
        ImageDraw.Draw(image).text(origin, text, fill=255, font=font, anchor="ls", features=_features(font))
        return (np.asarray(image) / 255).astype(np.float32), origin

    def _distort(self, image: Floats, origin: tuple[int, int]) -> tuple[Floats, float]:
        """Slant, size and turn of the whole word, then a smooth wobble of its parts."""
        rng, hand = self._rng, self.hand
        slant = np.tan(np.radians(hand.slant + rng.normal(0, 1.6)))
        wide, high = hand.stretch * rng.normal(1, 0.025), rng.normal(1, 0.025)
        turn = np.radians(rng.normal(0, 0.5))
        shape = (image.shape[0], round(image.shape[1] * max(1.0, wide) + abs(slant) * image.shape[0]))
        rows, columns = np.indices(shape, dtype=np.float32)
        down = rows - origin[1]
        across = columns - origin[0] - max(0.0, float(slant)) * (shape[0] - origin[1])
        reach = hand.wobble * hand.x_height * _FINE
        grain = hand.x_height * _FINE * 1.4
        map_x = (across + slant * down) / wide + turn * down + reach * smooth(rng, shape, grain) + origin[0]
        map_y = down / high - turn * across + reach * smooth(rng, shape, grain) + origin[1]
        moved = cv2.remap(image, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR)
        return moved.astype(np.float32), float(origin[1])

    def _inked(self, image: Floats) -> Floats:
        """Uneven edges and thickness, dark and light passages, and a pen that runs dry."""
        rng, hand = self._rng, self.hand
        shape = image.shape[:2]
        soft = cv2.GaussianBlur(image, (0, 0), 1.1)
        level = 0.42 - hand.weight + 0.05 * smooth(rng, shape, hand.x_height)
        edge = np.clip((soft - level) * 4 + 0.5, 0, 1) * (soft > 0.02)
        self._dipped = 0.0 if self._dipped > rng.uniform(0.7, 1.6) else self._dipped + rng.uniform(0.05, 0.15)
        passages = 1 - hand.blots * (0.35 * self._dipped + 0.3 * np.abs(smooth(rng, shape, hand.x_height * 2)))
        grain = 1 - hand.blots * 0.15 * np.abs(smooth(rng, shape, 2.5))
        return (edge * np.clip(passages * grain, 0.25, 1)).astype(np.float32)


def _features(font: ImageFont.FreeTypeFont) -> list[str]:
    """Kerning and joins on; ligatures such as ff that hide letters are fine in handwriting."""
    return ["kern", "liga", "calt"] if font.layout_engine == ImageFont.Layout.RAQM else []


def _cut(ink: MatLike, baseline: float) -> InkedWord:
    rows, columns = np.nonzero(ink > 0.02)
    top, left = int(rows.min()), int(columns.min())
    cut = ink[top : rows.max() + 1, left : columns.max() + 1]
    return InkedWord(cut.astype(np.float32), round(baseline) - top)
