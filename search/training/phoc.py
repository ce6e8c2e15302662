"""Pyramidal histogram of characters: which letter stands in which part of a word.

After Almazan et al., "Word Spotting and Recognition with Embedded Attributes", 2014. It steers the embedding early in
training, before the contrastive loss has anything to hold on to.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search.handwriting.alphabet import fold

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
LEVELS = (1, 2, 3, 4, 5)
SIZE = sum(LEVELS) * len(LETTERS)

_PLACES = {letter: place for place, letter in enumerate(LETTERS)}


@lru_cache(maxsize=65536)
def _histogram(text: str) -> NDArray[np.float32]:
    """float32 (SIZE,), 1 where a letter of the folded text lies at least half in a part of a level."""
    letters = fold(text)
    parts: list[NDArray[np.float32]] = []
    for level in LEVELS:
        bins = np.zeros((level, len(LETTERS)), np.float32)
        for place, letter in enumerate(letters):
            if letter not in _PLACES:
                continue
            start, end = place / len(letters), (place + 1) / len(letters)
            for part in range(level):
                shared = min(end, (part + 1) / level) - max(start, part / level)
                if shared * 2 >= end - start - 1e-9:
                    bins[part, _PLACES[letter]] = 1.0
        parts.append(bins.reshape(-1))
    return np.concatenate(parts)


def histograms(texts: list[str]) -> Tensor:
    """float32 (n, SIZE) of zeros and ones."""
    return torch.from_numpy(np.stack([_histogram(text) for text in texts]))
