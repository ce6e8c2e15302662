"""Decoded training words on disk: built once, then mapped into memory by every process."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from infra.errors import CorruptError, ModelError
from search.handwriting.alphabet import fold
from search.handwriting.ink import Pixels, raw_ink

InkWord = tuple[Pixels, str]
"""What `raw_ink` gives of a crop, and its text."""


@dataclass(frozen=True)
class WordStore:
    """Ink of many words, one after the other in one flat array."""

    name: str
    pixels: NDArray[np.uint8]
    places: NDArray[np.int64]
    """(n, 3): start in `pixels`, height, width."""
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def ink(self, number: int) -> Pixels:
        """uint8 (h, w)."""
        start, height, width = (int(value) for value in self.places[number])
        return self.pixels[start : start + height * width].reshape(height, width)


def build_store(folder: Path, words: Iterable[InkWord]) -> WordStore:
    """Write the words below `folder`; complete or not there at all."""
    folder.mkdir(parents=True, exist_ok=True)
    places: list[tuple[int, int, int]] = []
    texts: list[str] = []
    start = 0
    with (folder / "pixels.part").open("wb") as file:
        for ink, text in words:
            file.write(np.ascontiguousarray(ink).tobytes())
            places.append((start, *ink.shape))
            texts.append(text)
            start += ink.size
    (folder / "texts.json").write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
    np.save(folder / "places.npy", np.array(places, dtype=np.int64).reshape(-1, 3))
    (folder / "pixels.part").rename(folder / "pixels.bin")
    return open_store(folder)


def open_store(folder: Path) -> WordStore:
    """Raises ModelError where `build_store` did not finish."""
    if not (folder / "pixels.bin").exists():
        raise ModelError(f"{folder}: not a complete word store; delete it and train again")
    size = (folder / "pixels.bin").stat().st_size
    pixels = np.memmap(folder / "pixels.bin", dtype=np.uint8, mode="r") if size else np.zeros(0, np.uint8)
    texts = tuple(json.loads((folder / "texts.json").read_text(encoding="utf-8")))
    return WordStore(folder.name, pixels, np.load(folder / "places.npy"), texts)


def parquet_words(path: Path) -> Iterator[InkWord]:
    """The words of a Parquet file with columns `image` (encoded bytes) and `text`."""
    for number, (image, text) in enumerate(read_columns(path)):
        picture = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR_RGB)
        if picture is None:
            raise CorruptError(f"image of row {number} cannot be decoded", input=str(path))
        yield raw_ink(np.asarray(picture, np.uint8)), text


def read_columns(path: Path) -> Iterator[tuple[bytes, str]]:
    """Image bytes and text, row by row."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1024, columns=["image", "text"]):
            yield from zip(batch["image"].to_pylist(), batch["text"].to_pylist(), strict=True)


def draw_rates(store: WordStore) -> NDArray[np.float64]:
    """(n,) frequency^-0.5 of each word's folded spelling within its store."""
    folded = np.array([fold(text) for text in store.texts])
    _, label, counts = np.unique(folded, return_inverse=True, return_counts=True)
    rates: NDArray[np.float64] = counts[label].astype(np.float64) ** -0.5
    return rates
