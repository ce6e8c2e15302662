"""The project's own handwriting model as an Embedder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from open_clip.model import CustomTextCLIP

from search.adaptation.delta import apply_delta
from search.embedding.clip import check_crops, clean, model_errors, unit_rows
from search.embedding.device import Placement
from search.embedding.digest import weights_digest
from search.embedding.embedder import Crop, EmbeddingSpace, Vectors
from search.handwriting.crops import encode_and_read, encode_crops, encode_texts
from search.handwriting.load import load_handwriting_model
from search.handwriting.model import NAME, WEIGHTS

_FEW = 32
"""Texts."""


class HandwritingEmbedder:
    """Crops are sorted by width and texts cut to their length, which is several times faster than open_clip's way."""

    def __init__(self, weights: Path | None, placement: Placement, delta: bytes | None = None) -> None:
        """`weights`: None for those that come with the package; `delta`: what adaptation changed. Raises ModelError."""
        self.weights = weights or WEIGHTS
        model = self.fresh_model()
        if delta is not None:
            apply_delta(model, delta)
        digest = weights_digest(model)
        self._model = model.requires_grad_(False).to(placement.device)
        self._model.visual.to(placement.dtype)
        if placement.device != "cpu":  # there a few letters take three times as long in half precision
            self._model.text.to(placement.dtype)
        self.placement = placement
        self._space = EmbeddingSpace(NAME, digest, encode_texts(self._model, ["a"]).shape[1])

    def fresh_model(self) -> CustomTextCLIP:
        """The model without any changes, in float32 on the CPU, to train."""
        return load_handwriting_model(self.weights)[0]

    def adapted(self, delta: bytes) -> HandwritingEmbedder:
        """The same model with what adaptation changed: a space of its own. Raises ModelError."""
        return HandwritingEmbedder(self.weights, self.placement, delta)

    @property
    def space(self) -> EmbeddingSpace:
        """Model, digest of the weights, dimension."""
        return self._space

    def embed_crops(self, crops: Sequence[Crop]) -> Vectors:
        """Pictures -> float32 (n, d) unit rows, in order; (0, d) for none. Raises ModelError."""
        if not crops:
            return np.zeros((0, self._space.dimension), np.float32)
        check_crops(crops)
        with model_errors(self.placement.device):
            return unit_rows(encode_crops(self._model, crops))

    def embed_and_read(self, crops: Sequence[Crop]) -> tuple[Vectors, list[bytes]]:
        """What `embed_crops` gives, and each crop's packed reading. Raises ModelError."""
        if not crops:
            return np.zeros((0, self._space.dimension), np.float32), []
        check_crops(crops)
        with model_errors(self.placement.device):
            vectors, readings = encode_and_read(self._model, crops)
            return unit_rows(vectors), readings

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Spellings -> float32 (n, d) unit rows, in order; (0, d) for none. Raises ModelError."""
        if not texts:
            return np.zeros((0, self._space.dimension), np.float32)
        with model_errors(self.placement.device), _threads_for(len(texts)):
            return unit_rows(encode_texts(self._model, clean(texts)))


@contextmanager
def _threads_for(texts: int) -> Iterator[None]:
    """One thread for the spellings of a query: a second one costs more than it brings, most while others compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if texts <= _FEW else threads)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
