"""Characters as tokens, called like open_clip's own tokenizers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from search.handwriting.alphabet import CHARACTERS, UNKNOWN, characters

PAD_ID = 0
"""Also the blank of the reading head."""
UNKNOWN_ID = 1
FIRST_ID = 2
END_ID = 255
"""The largest id: open_clip's text tower pools at the argmax of the ids."""
VOCABULARY = 256
CONTEXT_LENGTH = 40

_IDS = {character: FIRST_ID + place for place, character in enumerate(CHARACTERS)} | {UNKNOWN: UNKNOWN_ID}
_CHARACTERS = {id_: character for character, id_ in _IDS.items()}


class CharacterTokenizer:
    """Any Unicode string becomes a row of ids: characters, END_ID, padding; long strings are cut."""

    def __init__(self, context_length: int = CONTEXT_LENGTH) -> None:
        self.context_length = context_length

    def __call__(self, texts: str | Sequence[str], context_length: int | None = None) -> Tensor:
        """int64 (n, context_length)."""
        length = context_length or self.context_length
        rows = [encode(text)[: length - 1] for text in ([texts] if isinstance(texts, str) else texts)]
        tokens = torch.full((len(rows), length), PAD_ID, dtype=torch.int64)
        for row, ids in zip(tokens, rows, strict=True):
            row[: len(ids) + 1] = torch.tensor([*ids, END_ID])
        return tokens


def encode(text: str) -> list[int]:
    """Token ids of the characters alone."""
    return [_IDS[character] for character in characters(text)]


def decode(ids: Sequence[int]) -> str:
    """The characters of token ids; padding, END_ID and ids without a character give nothing."""
    return "".join(_CHARACTERS.get(id_, "") for id_ in ids)
