"""Lines put together again from word crops and their places on the page: far more hands than there are whole pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from search.training_lines.written import GAP, HEIGHT, LETTER, MIDDLE, UNKNOWN, WORD, Line

_LEAST_GAP = 0.35
"""Touching words are parted by a stretch of so many letter heights around the middle between their boxes."""
_NEAR = 1.3
"""Words further apart than so many letter heights may have had another between them."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Neighbours on one line, left to right: indices of words, and the white between them in letter heights."""

    words: tuple[int, ...]
    gaps: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class WordPage:
    """The words of one page; boxes are int (n, 4): x, y, w, h on the page."""

    images: Sequence[bytes]
    boxes: NDArray[np.int64]
    letter: float
    """Height of an x on the page, estimated from the lowest words."""
    chains: tuple[Chain, ...]


def read_words(file: Path, wanted: Callable[[str], bool] = lambda page: True) -> list[WordPage]:
    """The pages of a Parquet file of words that have chains, without those whose name is not `wanted`."""
    table = pq.read_table(file, columns=["image", "page", "xywh"])
    boxes = np.array([[int(n) for n in one.split(",")] for one in table["xywh"].to_pylist()])
    images, pages = table["image"].to_pylist(), np.array(table["page"].to_pylist())
    found = []
    for name in np.unique(pages):
        if wanted(str(name)):
            which = np.flatnonzero(pages == name)
            page = _page([images[i] for i in which], boxes[which])
            if page.chains:
                found.append(page)
    return found


def _page(images: Sequence[bytes], boxes: NDArray[np.int64]) -> WordPage:
    letter = float(np.percentile(boxes[:, 3], 15)) * 0.9
    return WordPage(images, boxes, letter, _chains(boxes, letter))


def _chains(boxes: NDArray[np.int64], letter: float) -> tuple[Chain, ...]:
    """Each word linked with its nearest neighbour to the right on the same line, where there is one."""
    x, y, w, h = boxes.T
    distance = x[None] - (x + w)[:, None]
    common = np.minimum((y + h)[None], (y + h)[:, None]) - np.maximum(y[None], y[:, None])
    level = common > 0.5 * np.minimum(h[None], h[:, None])
    right = level & (x[None] > x[:, None] + 0.5 * np.minimum(w[None], w[:, None]))
    distance = np.where(right & (distance > -1.0 * letter), distance, np.inf)
    following = distance.argmin(axis=1)
    gap = distance.min(axis=1) / letter
    linked = {i: int(following[i]) for i in range(len(boxes)) if gap[i] < _NEAR}
    chains, seen = [], set(linked.values())
    for start in [i for i in linked if i not in seen]:
        words = [start]
        while words[-1] in linked and linked[words[-1]] not in words:
            words.append(linked[words[-1]])
        chains.append(Chain(tuple(words), tuple(float(gap[i]) for i in words[:-1])))
    return tuple(chains)


def recompose(page: WordPage, random: np.random.Generator, width: int) -> Line:
    """Chains of a page one after the other, until the strip is `width` columns."""
    strip, labels = np.zeros((HEIGHT, width), np.uint8), np.full(width, UNKNOWN, np.uint8)
    usual = [gap for chain in page.chains for gap in chain.gaps]
    at = int(random.integers(-6 * LETTER, 2 * LETTER))
    spread = float(np.exp(random.normal(0, 0.12))) if random.random() < 0.5 else 1.0
    while at < width:
        chain = page.chains[int(random.integers(len(page.chains)))]
        lift = round(float(random.normal(0, 0.08)) * LETTER)
        for word, gap in zip(chain.words, [*chain.gaps, None], strict=True):
            image = _crop(page, word)
            if image is not None:
                at = _paste(strip, labels, image, at, lift)
            white = float(usual[int(random.integers(len(usual)))] if gap is None else gap) * spread * LETTER
            at = _part(labels, at, white)
            if at >= width:
                break
    return Line(strip, labels)


def _crop(page: WordPage, word: int) -> NDArray[np.uint8] | None:
    """The word's darkness at LETTER; None for one too large to belong."""
    grey = np.asarray(cv2.imdecode(np.frombuffer(page.images[word], np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
    scale = LETTER / page.letter * page.boxes[word, 3] / grey.shape[0]
    size = round(grey.shape[1] * scale), round(grey.shape[0] * scale)
    if not (2 <= size[1] <= 1.6 * HEIGHT and 2 <= size[0] <= 40 * LETTER):
        return None
    paper = float(np.percentile(grey, 60))
    dark = np.clip(255 - grey.astype(np.float32) * (255 / max(paper, 8)), 0, 255)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(dark.astype(np.uint8), size, interpolation=way), np.uint8)


def _paste(strip: NDArray[np.uint8], labels: NDArray[np.uint8], image: NDArray[np.uint8], at: int, lift: int) -> int:
    """Lay a word on the strip so that its letter bodies meet the middle; the column after it."""
    top = MIDDLE - _body_row(image) + lift
    first, last = max(0, top), min(HEIGHT, top + image.shape[0])
    left, right = max(0, at), min(strip.shape[1], at + image.shape[1])
    if first < last and left < right:
        part = strip[first:last, left:right]
        np.maximum(part, image[first - top : last - top, left - at : right - at], out=part)
        labels[left:right] = WORD
    return at + int(image.shape[1])


def _body_row(image: NDArray[np.uint8]) -> int:
    """The row around which a window as high as an x holds most ink."""
    profile = np.convolve(image.sum(axis=1, dtype=np.float64), np.ones(LETTER), mode="same")
    return int(profile.argmax())


def _part(labels: NDArray[np.uint8], at: int, white: float) -> int:
    """Mark the gap after column `at`; where the next word begins."""
    middle, half = at + white / 2, max(white, _LEAST_GAP * LETTER) / 2
    labels[max(0, round(middle - half)) : max(0, round(middle + half))] = GAP
    return at + round(white)
