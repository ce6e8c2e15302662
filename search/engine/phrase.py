"""A phrase: neighbours in order on a line or across a line break.

Each word near to one of the phrase's words is an anchor; from there the reading paths to both sides are compared with
the words that should stand there. A hypothesis may also stand for two words of the phrase at once, as the segmenter may
have missed the gap between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

import numpy as np

from ingest.catalogue.records import WordContext, WordRecord
from search.engine.clock import Clock
from search.engine.contexts import words_on_lines
from search.engine.engine import Engine
from search.engine.expression import Phrase, Term
from search.engine.hits import Part
from search.engine.lines import Lines, around, lines_of
from search.engine.place import Place
from search.engine.pool import judge, pool
from search.engine.sought import Sought, sought_term
from search.engine.understand import Plan
from search.index.vector_index import IndexFilter

_LEAST = 0.001
"""Confidence below which a word is no anchor and a path is given up."""

Unit = tuple[int, int]
"""First term that one word stands for, and the one after the last."""
Path = tuple[float, tuple[tuple[WordRecord, float], ...]]
"""Product of the confidences, and the words with theirs, in order."""
Anchor = tuple[int, WordContext]
"""Place of the first term it stands for, and the word."""


def phrase_places(
    engine: Engine, plan: Plan, phrase: Phrase, where: IndexFilter, depth: int, clock: Clock
) -> tuple[list[Place], bool, float]:
    """(places, everything was looked at, most confidence of what was not)."""
    units = _units(engine, plan, phrase, clock)
    asked = [unit for unit in units if unit[1] - unit[0] == 1 or len(phrase.terms) == 2]
    pools = {unit: pool(engine, units[unit], where, depth, clock) for unit in asked}
    anchors = [
        (unit[0], match.context)
        for unit, near in pools.items()
        for match in near.matches[: depth // 2]
        if match.confidence >= _LEAST
    ]
    with clock.stage("catalogue"):
        lines = lines_of(words_on_lines(engine.catalogue, around([context.word for _, context in anchors])))
    best = {unit: near.best for unit, near in pools.items()}
    reading = _Reading(lines, _judged(engine, units, best, lines, anchors, where, clock), len(phrase.terms))
    places = [_place(path, anchor) for anchor in anchors if (path := reading.best_path(anchor)) is not None]
    return places, all(near.complete for near in pools.values()), max(near.edge for near in pools.values())


def _units(engine: Engine, plan: Plan, phrase: Phrase, clock: Clock) -> dict[Unit, Sought]:
    """What one word on the page may stand for: each term, and each two neighbours written as one."""
    terms = phrase.terms
    units = {(i, i + 1): plan.vectors[term] for i, term in enumerate(terms)}
    with clock.stage("encode"):
        for i, (a, b) in enumerate(pairwise(terms)):
            joined = Term(a.text + b.text, loose=a.loose or b.loose, exact=a.exact and b.exact)
            units[i, i + 2] = sought_term(engine, joined)
    return units


def _judged(
    engine: Engine,
    units: dict[Unit, Sought],
    best: dict[Unit, float],
    lines: Lines,
    anchors: list[Anchor],
    where: IndexFilter,
    clock: Clock,
) -> dict[Unit, dict[str, float]]:
    """Unit -> word id -> confidence, for the anchors and all words within reach of them."""
    steps = max(unit[1] for unit in units) - 1
    ids = sorted({word for _, context in anchors for word in _within(lines, context.word, steps)})
    with clock.stage("search"):
        stored = engine.index.vectors([UUID(word) for word in ids])
    known = [word for word in ids if UUID(word) in stored]
    if not known:
        return {unit: {} for unit in units}
    matrix = np.stack([stored[UUID(word)] for word in known]).astype(np.float64)
    judged = {}
    for unit, sought in units.items():
        confidences = judge(engine, sought, where, matrix @ sought.vector, clock, best.get(unit))
        judged[unit] = dict(zip(known, confidences.tolist(), strict=True))
    return judged


def _within(lines: Lines, word: WordRecord, steps: int) -> dict[str, WordRecord]:
    """Words that a reading path of that many steps from `word` may touch, by id."""
    found = {word.id: word}
    for step in (lines.after, lines.before):
        edge = [word]
        for _ in range(steps):
            edge = [other for near in edge for other in step(near)]
            found |= {other.id: other for other in edge}
    return found


@dataclass(frozen=True)
class _Reading:
    """Paths through the lines, judged."""

    lines: Lines
    confidences: Mapping[Unit, Mapping[str, float]]
    terms: int

    def best_path(self, anchor: Anchor) -> Path | None:
        """The surest path for the whole phrase through the anchor."""
        at, context = anchor
        right = self._from(context.word, at)
        if right is None or at == 0:
            return right
        left = _surest(self._up_to(other, at) for other in self.lines.before(context.word))
        return None if left is None else (left[0] * right[0], left[1] + right[1])

    def _from(self, word: WordRecord, first: int) -> Path | None:
        """The surest path for the terms from `first` on that starts with `word`."""
        paths: list[Path | None] = []
        for last in (first + 1, first + 2):
            confidence = self.confidences.get((first, last), {}).get(word.id, 0.0)
            if confidence < _LEAST:
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
            if confidence < _LEAST:
                continue
            if first == 0:
                paths.append((confidence, ((word, confidence),)))
            else:
                rest = _surest(self._up_to(other, first) for other in self.lines.before(word))
                paths.append(None if rest is None else (confidence * rest[0], (*rest[1], (word, confidence))))
        return _surest(paths)


def _surest(paths: Iterable[Path | None]) -> Path | None:
    return max((path for path in paths if path is not None), key=lambda path: path[0], default=None)


def _place(path: Path, anchor: Anchor) -> Place:
    """The words of a path as one place, shown by those on its first line."""
    product, words = path
    context = anchor[1]
    first = words[0][0]
    region = first.region
    for word, _ in words[1:]:
        if (word.page_id, word.line) == (first.page_id, first.line):
            region = region.union(word.region)
    parts = tuple(Part(word.id, word.region, word.line, confidence) for word, confidence in words)
    return Place(product, product, region, parts, context.page, context.document, context.collection)
