"""A phrase: neighbours in order on a line or across a line break.

Each word near to the rarest of the phrase's words is an anchor; from there the reading paths to both sides are compared
with the words that should stand there. A hypothesis may also stand for two words of the phrase at once, as the
segmenter may have missed the gap between them.

How sure a path is, `joint` says: one who asks for a phrase expects it to be there, so that of neighbours that are alike
to what is asked each speaks for the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from uuid import UUID

import numpy as np

from ingest.catalogue.records import LiveWord, WordRecord
from search.engine.clock import Clock
from search.engine.engine import Engine
from search.engine.expression import Phrase, Unit
from search.engine.hits import Part
from search.engine.lines import Lines, lines_of
from search.engine.place import Place
from search.engine.pool import Match, Near, judge, matches, near_each
from search.engine.sought import Sought
from search.engine.understand import Plan
from search.index.vector_index import IndexFilter

_LEAST = 0.02
"""Confidence below which a phrase is not looked for any further."""
_LEAST_WORD = 0.001
"""Confidence below which a word is no part of a phrase."""

COUPLING = 300.0
"""How many times as often as by chance a word of a phrase stands beside another one of it. Measured with 200 phrases of
33 pages: 1, 30, 300 and 1,000 give mean average precisions of .49, .63, .68 and .69, and an error of confidences of 0.1
and more of .18, .08, .08 and .11."""

Path = tuple[float, tuple[tuple[WordRecord, float], ...]]
"""Product of the confidences, and the words with theirs, in order."""
Anchor = tuple[int, WordRecord]
"""Place of the first term it stands for, and the word."""
Confidences = Mapping[Unit, Mapping[str, float]]
"""Unit -> word id -> confidence; words that are not there have less than _LEAST_WORD."""


def phrase_places(
    engine: Engine, plan: Plan, phrase: Phrase, where: IndexFilter, depth: int, clock: Clock
) -> tuple[list[Place], bool, float]:
    """(places, nothing else can be found, most confidence of what was not looked at)."""
    units = {unit: plan.vectors[term] for unit, term in phrase.units.items()}
    known = dict(zip(units, near_each(engine, list(units.values()), where, depth, clock), strict=True))
    covering, unseen = _rarest(known, len(phrase.terms))
    anchors = [(unit, match.word) for unit in covering for match in _likely(engine, known[unit], where, clock)]
    words = [word.word for _, word in anchors]
    steps = len(phrase.terms) - 1
    lines = _lines(engine, words, steps, clock)
    reached = {found for word in words for found in lines.within(word, steps)}
    reading = _Reading(lines, _judged(engine, units, known, reached, where, clock), len(phrase.terms))
    paths = [(reading.best_path((unit[0], word.word)), word) for unit, word in anchors]
    return [_place(path, word) for path, word in paths if path is not None], unseen < _LEAST, unseen


def _rarest(known: Mapping[Unit, Near], terms: int) -> tuple[list[Unit], float]:
    """The units that cover the rarest term, and the most confidence of a place without any of their known words.

    Every place of the phrase has a word for one of them. The rarest is the term with the least such confidence.
    """

    def best(start: int, end: int) -> list[float]:
        """The greatest confidences of a path for the terms from `start` up to `end`."""
        if start == end:
            return []
        firsts = [(start, stop) for stop in (start + 1, start + 2) if stop <= end]
        return max(([known[unit].most, *best(unit[1], end)] for unit in firsts), key=prod)

    def unseen(units: list[Unit]) -> float:
        return max(joint([*best(0, unit[0]), known[unit].edge, *best(unit[1], terms)]) for unit in units)

    covering = [[unit for unit in known if unit[0] <= term < unit[1]] for term in range(terms)]
    rarest = min(covering, key=lambda units: (unseen(units), sum(_count_likely(known[unit]) for unit in units)))
    return rarest, unseen(rarest)


def _count_likely(found: Near) -> int:
    return int(np.count_nonzero(found.confidences >= _LEAST_WORD))


def _likely(engine: Engine, found: Near, where: IndexFilter, clock: Clock) -> tuple[Match, ...]:
    return matches(engine, found, _count_likely(found), where, clock)


def _lines(engine: Engine, words: Sequence[WordRecord], steps: int, clock: Clock) -> Lines:
    """The lines of the words, and those above and below that a path of so many steps may reach."""
    with clock.stage("catalogue"):
        own = {(word.page_id, word.line) for word in words}
        found = engine.catalogue.words_on_lines(sorted(own))
        lines = lines_of(found)
        beyond = {line for word in words for line in lines.beyond(word, steps)} - own
        return lines_of(found + engine.catalogue.words_on_lines(sorted(beyond))) if beyond else lines


def _judged(
    engine: Engine,
    units: Mapping[Unit, Sought],
    known: Mapping[Unit, Near],
    reached: set[str],
    where: IndexFilter,
    clock: Clock,
) -> Confidences:
    """Known confidences; for a frequent word, of which not all likely ones are known, also of the words `reached`."""
    judged = {unit: dict(zip(found.ids, found.confidences.tolist(), strict=True)) for unit, found in known.items()}
    frequent = [unit for unit in units if known[unit].edge >= _LEAST_WORD]
    unknown = sorted({word for unit in frequent for word in reached - judged[unit].keys()})
    with clock.stage("search"):
        stored = engine.index.vectors([UUID(word) for word in unknown]) if unknown else {}
    if stored:
        matrix = np.stack(list(stored.values())).astype(np.float64)
        for unit in frequent:
            confidences = judge(engine, units[unit], where, matrix @ units[unit].vector, clock, known[unit].best)
            judged[unit] = dict(zip(map(str, stored), confidences.tolist(), strict=True)) | judged[unit]
    return judged


@dataclass(frozen=True)
class _Reading:
    """Paths through the lines, judged."""

    lines: Lines
    confidences: Confidences
    terms: int

    def best_path(self, anchor: Anchor) -> Path | None:
        """The surest path for the whole phrase through the anchor."""
        at, word = anchor
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
            if confidence < _LEAST_WORD:
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
            if confidence < _LEAST_WORD:
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


def _place(path: Path, anchor: LiveWord) -> Place:
    """The words of a path as one place, shown by those on its first line."""
    _, words = path
    confidence = joint([confidence for _, confidence in words])
    first = words[0][0]
    region = first.region
    for word, _ in words[1:]:
        if word.line == first.line:
            region = region.union(word.region)
    parts = tuple(Part(word.id, word.region, word.line, confidence) for word, confidence in words)
    return Place(confidence, confidence, confidence, region, parts, replace(anchor, word=first))
