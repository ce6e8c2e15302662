"""Words with known text as vectors: the collections on which confidences are fitted and measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from infra.errors import CorruptError, NotFoundError
from search.embedding.embedder import EmbeddedWord, Embedder, embed_words
from search.handwriting.alphabet import fold

_CROPS = 512


@dataclass(frozen=True, eq=False)
class WordSet:
    """One collection. Words without letters or digits have an empty label."""

    name: str
    vectors: NDArray[np.float32]
    """float32 (n, d), unit rows."""
    labels: NDArray[np.object_]
    """(n,) folded text: no case, no diacritics, no punctuation."""
    texts: NDArray[np.object_]
    """(n,) as transcribed, without punctuation around it: what a person would type."""
    readings: NDArray[np.object_]
    """(n,) packed, bytes; empty ones where the model does not read."""

    def part(self, rows: NDArray[np.int64]) -> WordSet:
        """The words of those rows."""
        return WordSet(self.name, self.vectors[rows], self.labels[rows], self.texts[rows], self.readings[rows])


def read_word_set(path: Path, embedder: Embedder, *, most: int | None = None, seed: int = 0) -> WordSet:
    """Embed the words of a Parquet file (columns `image`, encoded, and `text`); at most `most`, drawn with `seed`.

    Raises NotFoundError, CorruptError, ModelError.
    """
    if not path.is_file():
        raise NotFoundError("there is no such file", input=str(path))
    try:
        table = pq.read_table(path, columns=["image", "text"])
    except (pa.ArrowException, OSError) as error:
        raise CorruptError(
            f"cannot be read as Parquet with columns image and text: {error}", input=str(path)
        ) from error
    rows = np.random.default_rng(seed).permutation(len(table))[:most]
    table = table.take(np.sort(rows))
    words: list[EmbeddedWord] = []
    for start in range(0, len(table), _CROPS):
        images = table["image"][start : start + _CROPS].to_pylist()
        decoded = [cv2.imdecode(np.frombuffer(image or b"\0", np.uint8), cv2.IMREAD_COLOR_RGB) for image in images]
        if any(pixels is None for pixels in decoded):
            raise CorruptError("an image in it cannot be decoded", input=str(path))
        words += embed_words(
            embedder, [pixels.astype(np.uint8, copy=False) for pixels in decoded if pixels is not None]
        )
    texts = [text or "" for text in table["text"].to_pylist()]
    vectors = np.array([word.vector for word in words], np.float32).reshape(-1, embedder.space.dimension)
    return word_set(path.stem, vectors, texts, [word.reading for word in words])


def word_set(
    name: str, vectors: NDArray[np.float32], texts: Sequence[str], readings: Sequence[bytes] | None = None
) -> WordSet:
    """From vectors, transcriptions and readings; without these, of a model that does not read."""
    labels = np.array([fold(text) for text in texts], dtype=object)
    bare = np.array([_bare(text) for text in texts], dtype=object)
    return WordSet(name, vectors, labels, bare, np.array(readings or [b""] * len(texts), dtype=object))


def _bare(text: str) -> str:
    """Without what is neither letter nor digit at both ends."""
    inner = [i for i, character in enumerate(text) if character.isalnum()]
    return text[inner[0] : inner[-1] + 1] if inner else ""
