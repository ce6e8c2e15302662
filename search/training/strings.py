"""Strings to tell apart: spellings one edit away from a word in the batch."""

from __future__ import annotations

import numpy as np

from search.handwriting.alphabet import fold

Rng = np.random.Generator

_LETTERS = "eeeaaiirrnnttssoouullddcmpvgfbhqyxjzk"
_ALIKE = {
    "a": "oeu", "b": "lh", "c": "eor", "d": "al", "e": "cao", "f": "st", "g": "qyj", "h": "bk", "i": "rte", "j": "gi",
    "k": "h", "l": "tbe", "m": "nw", "n": "umr", "o": "ae", "p": "q", "q": "gp", "r": "vsi", "s": "frc", "t": "li",
    "u": "nv", "v": "ru", "w": "m", "x": "z", "y": "gj", "z": "x",
}  # fmt: skip


def one_edit(text: str, rng: Rng) -> str:
    """One letter replaced (mostly by one that looks like it), left out, put in, or two swapped."""
    place = int(rng.integers(len(text)))
    letter = str(rng.choice(list(_LETTERS)))
    dice = rng.random()
    if dice < 0.55:
        alike = _ALIKE.get(text[place].lower(), "")
        if alike and rng.random() < 0.7:
            letter = str(rng.choice(list(alike)))
        return text[:place] + letter + text[place + 1 :]
    if dice < 0.7 and len(text) > 1:
        return text[:place] + text[place + 1 :]
    if dice < 0.9 or len(text) < 2 or place == len(text) - 1:
        return text[:place] + letter + text[place:]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def near_misses(texts: list[str], count: int, rng: Rng) -> list[str]:
    """`count` strings one edit from some of `texts`, none of which folds to the same as one of them."""
    taken = {fold(text) for text in texts}
    long_enough = [text for text in texts if len(fold(text)) >= 2]
    misses: list[str] = []
    for _ in range(4 * count):
        if len(misses) == count or not long_enough:
            break
        miss = one_edit(long_enough[int(rng.integers(len(long_enough)))], rng)
        if fold(miss) and fold(miss) not in taken:
            misses.append(miss)
    return misses
