"""What the reading head's columns say once folded: letters and digits, or nothing."""

from __future__ import annotations

from search.handwriting.alphabet import CHARACTERS, fold

BLANK = 0
FOLDED = tuple(dict.fromkeys(folded for character in CHARACTERS if len(folded := fold(character)) == 1))
LETTERS = {letter: place for place, letter in enumerate(FOLDED, start=1)}
"""What strings are spelled with here -> class of a column."""


def spell(text: str) -> list[int]:
    """Classes of a folded string; letters the model does not know are left out."""
    return [LETTERS[letter] for letter in text if letter in LETTERS]
