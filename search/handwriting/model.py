"""Building and loading the model through open_clip."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, cast

import open_clip
import torch
from open_clip.model import CustomTextCLIP
from torch import Tensor
from torch.nn import functional

from infra.errors import ModelError
from search.handwriting.tower import ColumnTower

NAME = "manuspect-handwriting"
CONFIG = Path(__file__).with_name(f"{NAME}.json")
WEIGHTS = Path(__file__).parent / "weights" / f"{NAME}.safetensors"
"""The weights that come with the package."""


def build_model(weights: Path | None = None) -> CustomTextCLIP:
    """The open_clip model, in float32 on the CPU, in evaluation mode; random where no weights are given.

    Raises ModelError where the file is missing, damaged, or of another model.
    """
    if NAME not in open_clip.list_models():
        open_clip.add_model_config(CONFIG)
    if weights is not None and not weights.is_file():
        raise ModelError(f"{weights}: no such weights file")
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # open_clip logs to the root logger, and warns of random weights
    try:
        model = open_clip.create_model(NAME, pretrained=str(weights) if weights else None)
    except Exception as error:
        raise ModelError(f"{weights or NAME}: cannot be loaded as {NAME}: {error}") from error
    finally:
        root.setLevel(level)
    return cast(CustomTextCLIP, model.eval())


def tower(model: CustomTextCLIP) -> ColumnTower:
    """The image tower, for its columns and its reading head."""
    return cast(ColumnTower, model.visual.trunk)


def encode_tokens(model: CustomTextCLIP, tokens: Tensor) -> Tensor:
    """What `model.encode_text` gives, without the work on the padding: int64 (n, context) -> float (n, dimension).

    The text tower looks only backwards, so what stands after the last token cannot change a vector.
    """
    text: Any = model.text
    length = int((tokens != 0).sum(dim=1).max())
    tokens = tokens[:, :length]
    x = text.token_embedding(tokens) + text.positional_embedding[:length]
    x = text.ln_final(text.transformer(x, attn_mask=text.attn_mask[:length, :length]))
    vectors: Tensor = x[torch.arange(len(x), device=x.device), tokens.argmax(dim=1)] @ text.text_projection
    return vectors


def unit(vectors: Tensor) -> Tensor:
    """Rows of length 1."""
    return functional.normalize(vectors.float(), dim=1)
