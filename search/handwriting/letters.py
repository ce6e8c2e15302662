"""The reading head seen through `fold`: columns that say letters and digits, whatever their case, marks and points.

Each token counts as what it folds to, and what folds to nothing (marks, points, spaces) as the blank; so one string
stands for all the ways in which it may be written, and nothing has to be guessed about capitals and accents.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from search.handwriting.alphabet import CHARACTERS, fold
from search.handwriting.classes import BLANK, FOLDED, LETTERS, spell
from search.handwriting.tokenizer import FIRST_ID, VOCABULARY

IMPOSSIBLE = -1e4
"""Fit of a string that is too long for its word."""


def _classes() -> Tensor:
    """float32 (VOCABULARY, classes): 1 where a token counts as a class."""
    table = torch.zeros(VOCABULARY, len(LETTERS) + 1)
    table[:, BLANK] = 1.0
    for token, character in enumerate(CHARACTERS, start=FIRST_ID):
        letter = LETTERS.get(fold(character)[:1], BLANK)
        table[token] = functional.one_hot(torch.tensor(letter), len(LETTERS) + 1)
    return table


_CLASSES = _classes()


def letter_chances(logits: Tensor) -> Tensor:
    """Logits of the reading head, float (n, t, VOCABULARY) -> log-probabilities float32 (n, t, classes)."""
    with torch.autocast(logits.device.type, enabled=False):
        chances: Tensor = (logits.float().softmax(dim=2) @ _CLASSES.to(logits.device)).clamp(min=1e-8).log()
    return chances


def read_letters(chances: Tensor, lengths: Tensor) -> list[str]:
    """The likeliest letters column by column: float (n, t, classes), int64 (n,) real columns -> n strings."""
    ids = chances.argmax(dim=2)
    ids[torch.arange(ids.shape[1])[None] >= lengths[:, None]] = BLANK
    kept = ids != BLANK
    kept[:, 1:] &= ids[:, 1:] != ids[:, :-1]
    return ["".join(FOLDED[i - 1] for i in row[keep].tolist()) for row, keep in zip(ids.cpu(), kept.cpu(), strict=True)]


def letter_fits(chances: Tensor, lengths: Tensor, texts: Sequence[str]) -> Tensor:
    """Log-probability of each folded string, float (n,): CTC over `letter_chances`; IMPOSSIBLE where it cannot be.

    float (n, t, classes), int64 (n,), n strings. Differentiable in the chances.
    """
    spelled = [spell(text) for text in texts]
    sizes = torch.tensor([len(letters) for letters in spelled])
    flat = torch.tensor([letter for letters in spelled for letter in letters], dtype=torch.int64)
    losses = functional.ctc_loss(
        chances.transpose(0, 1), flat.to(chances.device), lengths.cpu(), sizes,
        blank=BLANK, reduction="none", zero_infinity=True,
    )  # fmt: skip
    needed = sizes + torch.tensor([sum(a == b for a, b in pairwise(letters)) for letters in spelled])
    return torch.where(needed.to(losses.device) <= lengths.to(losses.device), -losses, IMPOSSIBLE)
