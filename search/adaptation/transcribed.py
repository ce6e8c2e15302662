"""Lines that somebody transcribed: which word of the page is which word of the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.adaptation.candidates import Seen, fits
from search.adaptation.told import labelled_rows
from search.handwriting.alphabet import fold

_WORTH = 2.0
"""What a letter may cost, as -log of its likelihood by the reading head, in a word that is taken for that text."""


@dataclass(frozen=True, slots=True)
class ToldLine:
    """What the line says in which a word stands."""

    word: str
    """Its id."""
    texts: tuple[str, ...]
    """Folded words, in their order."""


def read_lines(path: Path) -> tuple[ToldLine, ...]:
    """A CSV file with columns `word_id`, any word of the line, and `text`, all the line says. Raises UsageError."""
    return tuple(ToldLine(row["word_id"], _words(row["text"])) for _, row in labelled_rows(path))


def _words(text: str) -> tuple[str, ...]:
    return tuple(folded for part in text.split() if (folded := fold(part)))


def align(seen: Seen, places: Sequence[int], texts: Sequence[str]) -> dict[int, str]:
    """Place of a word -> what it says, for the words of a line in their order and the text of that line.

    The pairs, in order on both sides, whose letters the reading head finds likeliest in all; what is not worth its
    letters is paired with nothing, as words may have been torn, joined or missed. (Needleman and Wunsch, 1970.)
    """
    if not (places and texts):
        return {}
    worth = _worth(seen, places, texts)
    best = np.zeros((len(places) + 1, len(texts) + 1))
    for i, j in np.ndindex(worth.shape):
        best[i + 1, j + 1] = max(best[i, j + 1], best[i + 1, j], best[i, j] + worth[i, j])
    return {places[i]: texts[j] for i, j in _path(best, worth)}


def _worth(seen: Seen, places: Sequence[int], texts: Sequence[str]) -> NDArray[np.float64]:
    """(places, texts): positive where a pair is better than none."""
    owners, sought = np.repeat(places, len(texts)).tolist(), list(texts) * len(places)
    fit = fits(seen, owners, sought).reshape(len(places), len(texts))
    return np.asarray(fit + _WORTH * np.array([len(text) for text in texts]), np.float64)


def _path(best: NDArray[np.float64], worth: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The pairs of which the last cell is made."""
    pairs, i, j = [], worth.shape[0], worth.shape[1]
    while i and j:
        if best[i, j] == best[i - 1, j]:
            i -= 1
        elif best[i, j] == best[i, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]
