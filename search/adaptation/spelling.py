"""How likely a string is as a word of some languages, judged by its letters: for the words that no list holds."""

from __future__ import annotations

import math
from collections import defaultdict

from search.adaptation.lexicon import Lexicon

_ORDER = 5
"""Letters looked at together."""
_LETTERS = 40
"""Kinds of letters, roughly: before anything is known each is as likely as another."""
_DAMP = 0.3
"""Of a word's share, as a power: rare words teach spelling too."""
_LEAST_SHARE = 1e-6
_START, _END = "^", "$"


class Spelling:
    """Each letter given up to four before it. After Witten and Bell, "The zero-frequency problem", 1991."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._weight: defaultdict[str, float] = defaultdict(float)
        """Of a letter behind some others, as one string."""
        self._total: defaultdict[str, float] = defaultdict(float)
        self._kinds: defaultdict[str, int] = defaultdict(int)
        """Different letters seen behind some others."""
        for word, share in zip(lexicon.words, lexicon.log_share, strict=True):
            self._learn(word, max(math.exp(share), _LEAST_SHARE) ** _DAMP)

    def _learn(self, word: str, weight: float) -> None:
        padded = _START * (_ORDER - 1) + word + _END
        for end in range(_ORDER - 1, len(padded)):
            for start in range(end - _ORDER + 1, end + 1):
                before, whole = padded[start:end], padded[start : end + 1]
                self._kinds[before] += whole not in self._weight
                self._weight[whole] += weight
                self._total[before] += weight

    def log_chance(self, word: str) -> float:
        """Natural logarithm of the probability of the letters of a folded string and of its end."""
        padded = _START * (_ORDER - 1) + word + _END
        return sum(math.log(self._chance(padded, end)) for end in range(_ORDER - 1, len(padded)))

    def _chance(self, padded: str, end: int) -> float:
        chance = 1.0 / _LETTERS
        for start in range(end, end - _ORDER, -1):
            before = padded[start:end]
            total, kinds = self._total.get(before, 0.0), self._kinds.get(before, 0)
            if not total:
                break
            chance = (self._weight.get(padded[start : end + 1], 0.0) + kinds * chance) / (total + kinds)
        return chance
