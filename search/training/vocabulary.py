"""Strings to write: words of several languages, names, numbers, dates, and words that exist nowhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import wordfreq
from numpy.typing import NDArray

Rng = np.random.Generator

LANGUAGES = {
    "en": 0.24, "de": 0.13, "es": 0.13, "fr": 0.11, "it": 0.10,
    "pt": 0.08, "nl": 0.07, "ca": 0.07, "sv": 0.04, "pl": 0.03,
}  # fmt: skip
"""How often a word comes from each language's list."""
_WORDS_EACH = 25_000
_LONGEST = 22
_FLATTEN = 0.35
"""Words are drawn by frequency to this power: rare ones often enough."""
_MONTHS = """
January March April June July August September October November December janvier février mars avril mai juin juillet
août septembre octobre novembre décembre Januar Februar März Mai Juni Juli Oktober Dezember
""".split()  # noqa: SIM905 (a list of 33 strings reads worse)
_LETTERS = list("etaoinshrdlucmfwypvbgkqjxzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


class Vocabulary:
    """Draws strings. `samples` are real transcriptions, whose letter order guides the invented words."""

    def __init__(self, samples: Sequence[str] = ()) -> None:
        self.languages = [_word_list(language) for language in LANGUAGES]
        self.shares = np.array(list(LANGUAGES.values())) / sum(LANGUAGES.values())
        self.follows = _letter_order(samples or self.languages[0][0])

    def draw(self, rng: Rng) -> str:
        """One string, never empty."""
        dice = rng.random()
        if dice < 0.10:
            return _number(rng)
        if dice < 0.14:
            return "".join(rng.choice(_LETTERS, int(rng.integers(1, 9))))
        if dice < 0.30:
            return self._dress(self._invent(rng), rng)
        words, sums = self.languages[int(rng.choice(len(self.languages), p=self.shares))]
        return self._dress(words[min(int(np.searchsorted(sums, rng.random())), len(words) - 1)], rng)

    def _invent(self, rng: Rng) -> str:
        """A word that never was, in the letter order of the samples."""
        word, context = "", "^^"
        while len(word) < 14:
            letters, sums = self.follows[context]
            letter = letters[int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))]
            if letter == "$":
                break
            word, context = word + letter, context[1:] + letter
        return word or "a"

    @staticmethod
    def _dress(word: str, rng: Rng) -> str:
        """Capitals, old letter forms, and the punctuation that clings to words."""
        dice = rng.random()
        if dice < 0.22:
            word = word[:1].upper() + word[1:]
        elif dice < 0.27:
            word = word.upper()
        elif dice < 0.33:
            word = word[:-1].replace("s", "ſ") + word[-1:]
        elif dice < 0.38:
            word = word.replace("v", "u") if rng.random() < 0.7 else word.replace("j", "i")
        if rng.random() < 0.16:
            word += str(rng.choice([".", ",", ",", ".", ";", ":", "-", ")", "!", "?", "'s"]))
        if rng.random() < 0.02:
            word = str(rng.choice(["(", '"', "«", "l'", "d'"])) + word
        return word


@cache
def _word_list(language: str) -> tuple[list[str], NDArray[np.float64]]:
    """The commonest words and their running shares."""
    frequencies = wordfreq.get_frequency_dict(language)
    words = [word for word in wordfreq.top_n_list(language, _WORDS_EACH) if len(word) <= _LONGEST]
    weights = np.array([frequencies.get(word, 1e-8) for word in words]) ** _FLATTEN
    return words, np.cumsum(weights / weights.sum())


def _letter_order(samples: Sequence[str]) -> dict[str, tuple[list[str], NDArray[np.float64]]]:
    """Which letter follows which two, and how often: {two letters: (letters, running counts)}."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sample in samples:
        letters = "^^" + "".join(letter for letter in sample if letter.isalpha()).lower() + "$"
        for (first, second), (_, third) in pairwise(pairwise(letters)):
            counts[first + second][third] += 1
    return {pair: (list(c), np.cumsum(list(c.values()))) for pair, c in counts.items()}


def _number(rng: Rng) -> str:
    """Years, dates, sums, ordinals, Roman numerals."""
    dice = rng.random()
    if dice < 0.35:
        return str(rng.integers(1200, 2025))
    if dice < 0.6:
        return str(rng.integers(0, 10 ** int(rng.integers(1, 6))))
    if dice < 0.7:
        mark = str(rng.choice([".", "/", "-"]))
        return mark.join(str(value) for value in rng.integers((1, 1, 10), (32, 13, 100)))
    if dice < 0.8:
        return f"{rng.integers(1, 1000)}{rng.choice([',', '.', ' '])}{rng.integers(0, 100):02d}"
    if dice < 0.9:
        return str(rng.choice(_MONTHS))
    return "".join(rng.choice(list("IVXLCivxlc"), int(rng.integers(1, 6))))
