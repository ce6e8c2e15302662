"""Loading the model the way open_clip loads its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from open_clip.model import CustomTextCLIP
from PIL import Image
from torch import Tensor

from search.handwriting.ink import HEIGHT, MAX_WIDTH, ink_map
from search.handwriting.model import WEIGHTS, build_model
from search.handwriting.tokenizer import CharacterTokenizer


def load_handwriting_model(
    path: Path | None = None,
) -> tuple[CustomTextCLIP, Callable[[Image.Image], Tensor], CharacterTokenizer]:
    """Model, preprocessing and tokenizer from a weights file, or from the one that comes with the package.

    The model is in float32 on the CPU, in evaluation mode. Raises ModelError.
    """
    model = build_model(path or WEIGHTS)
    return model, preprocess, CharacterTokenizer(model.context_length)


def preprocess(image: Image.Image) -> Tensor:
    """A word's picture -> float32 (1, HEIGHT, MAX_WIDTH) in 0..1, its ink map on black, for `model.encode_image`."""
    ink = ink_map(np.asarray(image.convert("RGB")))
    padded = np.zeros((1, HEIGHT, MAX_WIDTH), np.float32)
    padded[0, :, : ink.shape[1]] = ink / np.float32(255)
    return torch.from_numpy(padded)
