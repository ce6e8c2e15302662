"""Pages made of the sample collection's words and paper, with what real pages have besides plain lines."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ingest.geometry import Region
from ingest.segmentation import TextLine
from search.evaluation.page_xml import read_truth

_SAMPLES = Path(__file__).parents[2] / "samples" / "commonplace"
SHAPE = (1100, 1300)


class Sheet:
    """A sheet that is written on; `words` are the boxes of its words, left to right as they were written."""

    def __init__(self, shape: tuple[int, int] = SHAPE, sample: int = 8) -> None:
        grey = np.asarray(cv2.imread(str(_SAMPLES / f"page-{sample:02d}.jpg"), cv2.IMREAD_GRAYSCALE), np.uint8)
        paper = cv2.GaussianBlur(cv2.medianBlur(cv2.dilate(grey, np.ones((15, 15))), 31), (0, 0), 10)
        self._light = np.clip(grey / np.maximum(paper, 1).astype(np.float32), 0, 1)
        truth = read_truth(_SAMPLES / f"page-{sample:02d}.xml")
        self._crops = [(w.text, w.region) for line in truth.lines for w in line.words if len(w.text) > 2]
        self._next = 0
        self._random = np.random.default_rng(0)
        leaf = cv2.resize(paper[200:-200, 200:-200], shape[::-1]).astype(np.float32)
        self._page = leaf + self._random.normal(0, 3, shape)
        self.words: list[Region] = []

    def write(self, left: float, baseline: float, until: float, size: float = 1.0) -> None:
        """Words of at least three letters, one after the other while there is room."""
        while True:
            _, box = self._crops[self._next % len(self._crops)]
            word = self._light[box.y - 2 : box.y2 + 2, box.x - 2 : box.x2 + 2]
            if size != 1:
                word = cv2.resize(word, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
            height, width = word.shape
            if left + width > until:
                return
            ink = np.cumsum((1 - word).sum(axis=1))
            x, y = int(left), int(baseline - np.searchsorted(ink, 0.8 * ink[-1]))
            self._page[y : y + height, x : x + width] *= word
            self.words.append(Region(x, y, width, height))
            self._next += 1
            left += width + size * self._random.uniform(22, 34)

    def write_page(self, left: int = 100, until: int = 1200, first: int = 120, pitch: int = 105, rows: int = 8) -> None:
        """Lines of words."""
        for row in range(rows):
            self.write(left, first + pitch * row, until)

    def print(self, left: int, baseline: int, text: str, size: int = 30) -> float:
        """Printed words; the column after them."""
        layer, font = Image.new("L", self._page.shape[::-1], 255), ImageFont.load_default(size)
        pen = ImageDraw.Draw(layer)
        pen.text((left, baseline), text, fill=40, font=font, anchor="ls")
        at = float(left)
        for word in text.split():
            x, y, x2, y2 = (int(side) for side in pen.textbbox((at, baseline), word, font=font, anchor="ls"))
            self.words.append(Region(x, y, x2 - x, y2 - y))
            at += pen.textlength(word + " ", font=font)
        self.darken(1 - np.asarray(layer, np.float32) / 255)
        return at

    def stroke(self, points: object, width: int = 3, dark: float = 0.6) -> None:
        """A line through points x, y."""
        layer = np.zeros(self._page.shape, np.uint8)
        cv2.polylines(layer, [np.asarray(points, np.float32).round().astype(np.int32)], False, 255, width, cv2.LINE_AA)
        self.darken(layer * np.float32(dark / 255))

    def darken(self, share: np.ndarray, x: int = 0, y: int = 0) -> None:
        """Take that share of the light away, from (x, y) on."""
        self._page[y : y + share.shape[0], x : x + share.shape[1]] *= 1 - share

    def squares(self, pitch: float, lean: float, dark: float) -> None:
        """Squared paper, turned by so many degrees."""
        height, width = self._page.shape
        rise, drift = width * np.tan(np.deg2rad(lean)), height * np.tan(np.deg2rad(lean))
        layer = np.zeros(self._page.shape, np.uint8)
        for y in np.arange(-100, height + 100, pitch):
            cv2.line(layer, (0, int(y)), (width, int(y + rise)), 255, 2, cv2.LINE_AA)
        for x in np.arange(-100, width + 100, pitch):
            cv2.line(layer, (int(x), 0), (int(x - drift), height), 255, 2, cv2.LINE_AA)
        self.darken(layer * np.float32(dark / 255))

    def paste(self, picture: np.ndarray, x: int, y: int) -> None:
        """A picture over the paper."""
        self._page[y : y + picture.shape[0], x : x + picture.shape[1]] = picture

    def photographed(self) -> np.ndarray:
        """uint8 (H, W)."""
        return np.clip(self._page, 0, 255).astype(np.uint8)


def round_stamp(side: int = 340) -> np.ndarray:
    """Two circles with letters running round between them and a year in the middle; float32 (side, side), 1 for ink."""
    layer = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(layer)
    pen.ellipse((6, 6, side - 6, side - 6), outline=255, width=5)
    pen.ellipse((75, 75, side - 75, side - 75), outline=255, width=3)
    pen.text((side / 2, side / 2), "1914", fill=255, font=ImageFont.load_default(44), anchor="mm")
    text = "ARCHIVES DEPARTEMENTALES * "
    ring = np.asarray(layer)
    for number, letter in enumerate(text):
        one = Image.new("L", (side, side), 0)
        ImageDraw.Draw(one).text((side / 2, 24), letter, fill=255, font=ImageFont.load_default(32), anchor="mt")
        ring = np.maximum(ring, np.asarray(one.rotate(-360 * number / len(text))))
    return ring.astype(np.float32) / 255


def found_and_others(words: list[Region], lines: tuple[TextLine, ...], iou: float = 0.5) -> tuple[int, int]:
    """How many of the words have a box, and how many boxes hold none of them."""
    boxes = [word.region for line in lines for word in line.words]
    found = sum(any(word.iou(box) >= iou for box in boxes) for word in words)
    return found, sum(all(word.iou(box) < iou for word in words) for box in boxes)
