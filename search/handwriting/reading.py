"""The reading head: what a word says, and how well a given string fits it (CTC)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.model import CustomTextCLIP
from torch.nn import functional

from search.handwriting.crops import by_width, to_input
from search.handwriting.ink import Pixels, ink_map
from search.handwriting.model import tower
from search.handwriting.tokenizer import PAD_ID, decode, encode

_CHUNK = 64


def read_crops(model: CustomTextCLIP, crops: Sequence[Pixels]) -> list[tuple[str, float]]:
    """The likeliest characters of each crop, column by column, and their mean probability, 0 to 1.

    Diacritics come as combining characters, as the model knows them; an empty reading has confidence 0.
    """
    readings: list[tuple[str, float]] = [("", 0.0)] * len(crops)
    with torch.inference_mode():
        for places, packed in by_width([ink_map(crop) for crop in crops], _CHUNK):
            columns, real = tower(model).columns(to_input(model, packed))
            chances, ids = tower(model).read(columns).float().softmax(dim=2).max(dim=2)
            for place, row, chance, length in zip(places, ids, chances, real.sum(dim=1), strict=True):
                readings[place] = _collapse(row[:length].cpu().numpy(), chance[:length].cpu().numpy())
    return readings


def _collapse(ids: NDArray[np.int64], chances: NDArray[np.float32]) -> tuple[str, float]:
    """Repeats and blanks dropped: int64 (t,), float32 (t,) -> text, mean probability of the columns kept."""
    kept = (ids != PAD_ID) & np.concatenate(([True], ids[1:] != ids[:-1]))
    return decode(ids[kept].tolist()), float(chances[kept].mean()) if kept.any() else 0.0


def ctc_score(model: CustomTextCLIP, crops: Sequence[Pixels], texts: Sequence[str]) -> NDArray[np.float32]:
    """Log-probability of each string given its crop, per character, float32 (n,); -inf where empty or too long."""
    if len(crops) != len(texts):
        raise ValueError(f"{len(crops)} crops and {len(texts)} texts")
    scores = np.full(len(crops), -np.inf, np.float32)
    targets = [encode(text) for text in texts]
    with torch.inference_mode():
        for places, packed in by_width([ink_map(crop) for crop in crops], _CHUNK):
            columns, real = tower(model).columns(to_input(model, packed))
            chances = tower(model).read(columns).float().log_softmax(dim=2).transpose(0, 1).cpu()
            flat = torch.tensor([id_ for place in places for id_ in targets[place]], dtype=torch.int64)
            sizes = torch.tensor([len(targets[place]) for place in places])
            losses = functional.ctc_loss(chances, flat, real.sum(dim=1).cpu(), sizes, blank=PAD_ID, reduction="none")
            scores[places] = torch.where(sizes > 0, -losses / sizes.clamp(min=1), -torch.inf).numpy()
    return scores
