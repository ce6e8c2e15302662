"""Any open_clip model as an Embedder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from infra.errors import ModelError
from search.embedding.device import Placement
from search.embedding.digest import weights_digest
from search.embedding.embedder import Crop, EmbeddingSpace, Vectors
from search.embedding.prompts import PLAIN, fill

ImageBatch = Callable[[Sequence[Crop]], Tensor]
"""Crops, uint8 (H, W, 3) RGB -> float (n, c, h, w), as the model wants them."""
TextBatch = Callable[[list[str]], Tensor]
"""Texts -> int64 (n, t) token ids."""

_TEXTS_PER_PASS = 256


class ClipEmbedder:
    """Word pictures and spellings in one space, by a model with `encode_image` and `encode_text`.

    The model is moved to its device once, in channels-last order. The digest is taken from the weights as loaded.
    """

    def __init__(
        self,
        model: nn.Module,
        images: ImageBatch,
        texts: TextBatch,
        *,
        name: str,
        placement: Placement,
        batch: int = 256,
        templates: tuple[str, ...] = PLAIN,
    ) -> None:
        digest = weights_digest(model)
        self._model = model.eval().requires_grad_(False).to(placement.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._images = images
        self._texts = texts
        self._batch = batch
        self._templates = templates
        self.placement = placement
        self._space = EmbeddingSpace(name, digest, self._encode_texts(["a"]).shape[1])

    @property
    def space(self) -> EmbeddingSpace:
        """Model, digest of the weights, dimension."""
        return self._space

    def embed_crops(self, crops: Sequence[Crop]) -> Vectors:
        """Pictures -> float32 (n, d) unit rows, in order; (0, d) for none. Raises ModelError."""
        if not crops:
            return self._none()
        check_crops(crops)
        return np.concatenate(
            [self._encode_images(crops[i : i + self._batch]) for i in range(0, len(crops), self._batch)]
        )

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Spellings or descriptions -> float32 (n, d) unit rows, in order; (0, d) for none. Raises ModelError."""
        if not texts:
            return self._none()
        prompts = [prompt for text in clean(texts) for prompt in fill(text, self._templates)]
        parts = [self._encode_texts(prompts[i : i + _TEXTS_PER_PASS]) for i in range(0, len(prompts), _TEXTS_PER_PASS)]
        return unit_rows(np.concatenate(parts).reshape(len(texts), len(self._templates), -1).mean(axis=1))

    def _none(self) -> Vectors:
        return np.zeros((0, self._space.dimension), np.float32)

    def _encode_images(self, crops: Sequence[Crop]) -> Vectors:
        pixels = self._images(crops).to(self.placement.device, memory_format=torch.channels_last)
        return self._forward("encode_image", pixels)

    def _encode_texts(self, prompts: list[str]) -> Vectors:
        return self._forward("encode_text", self._texts(prompts).to(self.placement.device))

    def _forward(self, method: str, batch: Tensor) -> Vectors:
        half = self.placement.dtype != torch.float32
        with (
            model_errors(self.placement.device),
            torch.inference_mode(),
            torch.autocast(self.placement.device, self.placement.dtype, enabled=half),
        ):
            rows = getattr(self._model, method)(batch)
            return unit_rows(rows.float().cpu().numpy())


def check_crops(crops: Sequence[Crop]) -> None:
    """Raise ModelError for anything but pixels."""
    for crop in crops:
        if crop.dtype != np.uint8 or crop.ndim != 3 or crop.shape[2] != 3 or crop.size == 0:
            raise ModelError(f"a crop must be uint8 (H, W, 3) with pixels, this one is {crop.dtype} {crop.shape}")


def clean(texts: Sequence[str]) -> list[str]:
    """Texts that every tokenizer takes: lone surrogates become question marks."""
    return [text.encode("utf-8", "replace").decode("utf-8") for text in texts]


@contextmanager
def model_errors(device: str) -> Iterator[None]:
    """Turn what torch raises into ModelError with what to do."""
    try:
        yield
    except RuntimeError as error:
        if "out of memory" in str(error).lower():
            raise ModelError(f"the model ran out of memory on {device}; set MANUSPECT_EMBED_BATCH lower") from error
        raise ModelError(f"the model failed on {device}: {error}") from error


def unit_rows(rows: Vectors) -> Vectors:
    """Rows of length 1. A row that is not finite is a failed model, not a far-away word."""
    if not np.isfinite(rows).all():
        raise ModelError("the model gave vectors that are not finite; set MANUSPECT_PRECISION to fp32")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)
