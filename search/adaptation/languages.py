"""Which languages a collection is in, judged by what the model can read of it."""

from __future__ import annotations

from collections.abc import Sequence

from search.adaptation.lexicon import LATIN, folded_shares

_WORDS = 20_000
_LETTERS = 4
_LEAST_READINGS = 50
_AS_GOOD = 0.85
"""Share of the best language's words from which another language is taken beside it."""
_MOST = 3


def coverage(readings: Sequence[str], languages: Sequence[str] = LATIN) -> dict[str, float]:
    """Share of the distinct readings of four letters and more that each language's list holds, best first."""
    long = {reading for reading in readings if len(reading) >= _LETTERS}
    found = {language: len(long & folded_shares(language, _WORDS).keys()) / max(len(long), 1) for language in languages}
    return dict(sorted(found.items(), key=lambda entry: -entry[1]))


def guess_languages(readings: Sequence[str]) -> tuple[str, ...]:
    """The best-fitting language, and up to two that fit nearly as well; none where too little can be read."""
    if len({reading for reading in readings if len(reading) >= _LETTERS}) < _LEAST_READINGS:
        return ()
    found = coverage(readings)
    best = max(found.values())
    return tuple(language for language, share in found.items() if share >= _AS_GOOD * best)[:_MOST]


def better_language(readings: Sequence[str], words: frozenset[str]) -> str | None:
    """A language whose list holds clearly more of the readings than `words` do; None where the words fit."""
    long = {reading for reading in readings if len(reading) >= _LETTERS}
    own = len(long & words) / max(len(long), 1)
    best, share = next(iter(coverage(readings).items()))
    return best if own < _AS_GOOD * share else None
