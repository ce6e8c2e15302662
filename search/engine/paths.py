"""Reading paths through the lines of a page, and how sure it is that one of them says a phrase.

One who asks for a phrase expects it to be there, so that of neighbours that are alike to what is asked each speaks for
the other: `joint`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.catalogue.records import WordRecord
from search.engine.expression import Unit
from search.engine.lines import Lines

LEAST_WORD = 0.001
"""Confidence by vector below which a word is no part of a phrase."""
LEAST_READ = 1e-6
"""The same of a word that is read. Measured with 300 phrases on 30 pages of eleven training collections: 1e-3, 1e-4,
1e-5, 1e-6 and 1e-7 give mean average precisions of .75, .80, .80, .81 and .81; .67 where nothing is read."""

COUPLING = 300.0
"""How many times as often as by chance a word of a phrase stands beside another one of it. Measured by vector with 200
phrases of 33 pages: 1, 30, 300 and 1,000 give mean average precisions of .49, .63, .68 and .69, and an error of
confidences of 0.1 and more of .18, .08, .08 and .11."""

Path = tuple[float, tuple[tuple[WordRecord, float], ...]]
"""Product of the confidences, and the words with theirs, in order."""
Confidences = Mapping[Unit, Mapping[str, float]]
"""Unit -> word id -> confidence; words that are not there are no part of a path."""
Beside = Mapping[Unit, Mapping[str, WordRecord]]
"""Unit -> words that may stand for it, as the terms beside it are found there; by id."""


@dataclass(frozen=True)
class Reading:
    """Paths through the lines, judged."""

    lines: Lines
    confidences: Confidences
    terms: int
    least: float
    """Confidence below which a word is no part of a path."""

    def waves(self, anchors: Sequence[tuple[Unit, WordRecord]]) -> Iterator[Beside]:
        """What stands beside the anchors, beside what of it is likely, and so on to both ends of the phrase.

        The confidences of each wave have to be known before the next one is asked for.
        """
        for step, near, far in ((self.lines.after, 0, 1), (self.lines.before, 1, 0)):
            edge = {(unit[far], word.id): word for unit, word in anchors}
            while edge:
                beside: dict[Unit, dict[str, WordRecord]] = {}
                for (at, _), word in edge.items():
                    following = {other.id: other for other in step(word)}
                    for unit in self.confidences:
                        if unit[near] == at:
                            beside.setdefault(unit, {}).update(following)
                if beside:
                    yield beside
                edge = {
                    (unit[far], other.id): other
                    for unit, words in beside.items()
                    for other in words.values()
                    if self.confidences[unit].get(other.id, 0.0) >= self.least
                }

    def best_path(self, at: int, word: WordRecord) -> Path | None:
        """The surest path for the whole phrase through the word, which stands for the term `at` at first."""
        right = self._from(word, at)
        if right is None or at == 0:
            return right
        left = _surest(self._up_to(other, at) for other in self.lines.before(word))
        return None if left is None else (left[0] * right[0], left[1] + right[1])

    def _from(self, word: WordRecord, first: int) -> Path | None:
        """The surest path for the terms from `first` on that starts with `word`."""
        paths: list[Path | None] = []
        for last in (first + 1, first + 2):
            confidence = self.confidences.get((first, last), {}).get(word.id, 0.0)
            if confidence < self.least:
                continue
            if last == self.terms:
                paths.append((confidence, ((word, confidence),)))
            else:
                rest = _surest(self._from(other, last) for other in self.lines.after(word))
                paths.append(None if rest is None else (confidence * rest[0], ((word, confidence), *rest[1])))
        return _surest(paths)

    def _up_to(self, word: WordRecord, last: int) -> Path | None:
        """The surest path for the terms before `last` that ends with `word`."""
        paths: list[Path | None] = []
        for first in (last - 1, last - 2):
            confidence = self.confidences.get((first, last), {}).get(word.id, 0.0)
            if confidence < self.least:
                continue
            if first == 0:
                paths.append((confidence, ((word, confidence),)))
            else:
                rest = _surest(self._up_to(other, first) for other in self.lines.before(word))
                paths.append(None if rest is None else (confidence * rest[0], (*rest[1], (word, confidence))))
        return _surest(paths)


def joint(confidences: Sequence[float]) -> float:
    """Probability that all of these neighbours are right.

    Sums over which of them are, as a chain: each weighs its odds, two right ones in a row COUPLING besides.
    With a coupling of 1, as of words that have nothing to do with each other, it is the product.
    """
    all_right, last_wrong, last_right = 1.0 / COUPLING, 1.0, 0.0
    for confidence in confidences:
        odds = confidence / (1.0 - confidence)
        all_right *= COUPLING * odds
        last_wrong, last_right = last_wrong + last_right, odds * (last_wrong + COUPLING * last_right)
    return all_right / (last_wrong + last_right)


def _surest(paths: Iterable[Path | None]) -> Path | None:
    return max((path for path in paths if path is not None), key=lambda path: path[0], default=None)
