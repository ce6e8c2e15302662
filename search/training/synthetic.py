"""Words written by fonts: every language and spelling the real data lack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]
from PIL import Image, ImageDraw, ImageFont

from search.handwriting.ink import RAW_HEIGHT, Pixels, pixels, trim
from search.training.store import InkWord
from search.training.vocabulary import Vocabulary

Rng = np.random.Generator

_SUFFIXES = (".woff", ".ttf", ".otf")
_HEAVY = ("500", "600", "800", "900", "100", "200")
_SIZES = (30, 64)


class Hand:
    """One font file and the characters it can write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file, TTFont(file, lazy=True) as font:
            self.characters = frozenset(chr(code) for code in font.getBestCmap())
        self.fonts: dict[int, ImageFont.FreeTypeFont] = {}

    def write(self, text: str, rng: Rng) -> Pixels | None:
        """uint8 (h, w), ink 255; None where a character is missing or nothing is drawn."""
        if not self.characters.issuperset(text):
            return None
        size = int(rng.integers(*_SIZES)) // 4 * 4
        font = self.fonts.setdefault(size, ImageFont.truetype(str(self.path), size))
        stroke = 1 if rng.random() < 0.15 and size > 44 else 0
        left, top, right, bottom = font.getbbox(text, stroke_width=stroke)
        if right - left < 2 or bottom - top < 2 or right - left > 2000:
            return None
        page = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
        ImageDraw.Draw(page).text((2 - left, 2 - top), text, fill=255, font=font, stroke_width=stroke)
        ink = trim(np.asarray(page))
        if ink.shape[0] > RAW_HEIGHT:
            width = max(1, round(ink.shape[1] * RAW_HEIGHT / ink.shape[0]))
            ink = pixels(cv2.resize(ink, (width, RAW_HEIGHT), interpolation=cv2.INTER_AREA))
        return ink if min(ink.shape) >= 3 else None


def find_hands(folder: Path) -> list[Hand]:
    """The usable fonts below `folder`: Latin ones, one or two weights of each."""
    hands: list[Hand] = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES):
        if "-latin-" not in path.name and path.suffix == ".woff":
            continue
        if any(f"-{weight}-" in path.name for weight in _HEAVY):
            continue
        try:
            hand = Hand(path)
            ImageFont.truetype(str(path), 32)
        except (OSError, TTLibError):
            continue
        if hand.characters.issuperset("aehnorstAEHN"):
            hands.append(hand)
    return hands


def synthetic_words(fonts: Path, count: int, samples: Sequence[str], seed: int) -> Iterator[InkWord]:
    """`count` words at most, in random fonts."""
    rng = np.random.default_rng(seed)
    hands = find_hands(fonts)
    vocabulary = Vocabulary(samples)
    for _ in range(count if hands else 0):
        text = vocabulary.draw(rng)
        ink = hands[int(rng.integers(len(hands)))].write(text, rng)
        if ink is not None:
            yield ink, text
