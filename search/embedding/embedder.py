"""The contract of a model that puts word pictures and spellings in one space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Crop = NDArray[np.uint8]
"""The pixels of a word, uint8 (H, W, 3) RGB."""
Vectors = NDArray[np.float32]
"""float32 (n, d), rows of unit length."""


@dataclass(frozen=True, slots=True)
class EmbeddingSpace:
    """Vectors of two different spaces are never compared."""

    model: str
    """Model name, for example `manuspect-handwriting` or `ViT-B-32`."""
    digest: str
    """SHA-256 of the checkpoint, hex."""
    dimension: int

    @property
    def key(self) -> str:
        """Short name fit for an index: letters, digits, dash."""
        name = "".join(c if c.isalnum() else "-" for c in self.model.lower()).strip("-")
        return f"{name}-{self.digest[:12]}-{self.dimension}"


class Embedder(Protocol):
    """Deterministic on one machine: the same crop or text gives the same row."""

    @property
    def space(self) -> EmbeddingSpace:
        """Where the rows live."""
        ...

    def embed_crops(self, crops: Sequence[Crop]) -> Vectors:
        """float32 (n, d) unit rows, in the crops' order; (0, d) for none. Raises ModelError."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """float32 (n, d) unit rows, in the texts' order; (0, d) for none. Any Unicode is accepted."""
        ...


@runtime_checkable
class Reader(Embedder, Protocol):
    """An embedder that also says, letter by letter, what may be written there; a general CLIP cannot."""

    def embed_and_read(self, crops: Sequence[Crop]) -> tuple[Vectors, list[bytes]]:
        """What `embed_crops` gives, and each crop's reading as `search.handwriting.posteriors` packs it. ModelError."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedWord:
    """A word as the index keeps it."""

    vector: NDArray[np.float32]
    """float32 (d,), unit length."""
    reading: bytes
    """Packed; empty where the model does not read."""


def embed_words(embedder: Embedder, crops: Sequence[Crop]) -> list[EmbeddedWord]:
    """Words to be indexed, in the crops' order, read where the model reads. Raises ModelError."""
    if isinstance(embedder, Reader):
        vectors, readings = embedder.embed_and_read(crops)
    else:
        vectors, readings = embedder.embed_crops(crops), [b""] * len(crops)
    return [EmbeddedWord(vector, reading) for vector, reading in zip(vectors, readings, strict=True)]
