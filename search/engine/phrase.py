"""A phrase: neighbours in order on a line or across a line break.

Each word near to the rarest of the phrase's words is an anchor; from there the reading paths to both sides are compared
with the words that should stand there. A hypothesis may also stand for two words of the phrase at once, as the
segmenter may have missed the gap between them. Anchors and what stands beside them are read, as single words are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import prod
from uuid import UUID

import numpy as np

from ingest.catalogue.records import LiveWord, WordRecord
from search.engine.clock import Clock
from search.engine.engine import Engine
from search.engine.expression import Phrase, Unit
from search.engine.hits import Part
from search.engine.lines import Lines, lines_of
from search.engine.near import Near, judge, near_each
from search.engine.paths import LEAST_READ, LEAST_WORD, Path, Reading, joint
from search.engine.place import Place
from search.engine.pool import matches
from search.engine.reach import DEPTHS
from search.engine.reading import read_beside, read_nearest
from search.engine.sought import Sought
from search.engine.understand import Plan
from search.index.vector_index import IndexFilter

_LEAST = 0.02
"""Confidence below which a phrase is not looked for any further."""
_LEAST_HOPE = 0.005
"""Confidence below which a place is not looked at, even if the best words stood beside its anchor. 300 phrases on 33
pages of eleven training collections have a mean average precision of .842 with it, .840 with .002."""
_LEAST_SEEN = 1e-8
"""Confidence by vector below which a word beside others is not read: with those phrases, and .002 above, 1e-8, 1e-7 and
1e-6 give .840, .840 and .838; where all are read it is .840."""

Anchors = dict[tuple[Unit, str], LiveWord]
"""A part of the phrase and the id of a word that may be it -> the word."""


def phrase_places(
    engine: Engine, plan: Plan, phrase: Phrase, where: IndexFilter, depth: int, clock: Clock
) -> tuple[list[Place], bool, float]:
    """(places, nothing else can be found, most confidence of what was not looked at).

    Only for the rarest word is it needful to know all that are like it: it alone is looked for down to `depth`.
    """
    units = {unit: plan.vectors[term] for unit, term in phrase.units.items()}
    least = LEAST_READ if any(sought.strings for sought in units.values()) else LEAST_WORD
    known = _near(engine, units, where, min(depth, DEPTHS[0]), clock)
    covering, unseen = _rarest(known, len(phrase.terms), least)
    anchors = _anchors(engine, known, {unit: least for unit in covering}, len(phrase.terms), where, clock)
    judged = {unit: found.by_id for unit, found in known.items()}
    wanting = _wanting(known, covering, unseen)
    if depth > DEPTHS[0] and wanting:
        deeper = _near(engine, {unit: units[unit] for unit in wanting}, where, depth, clock)
        known |= deeper
        anchors |= _anchors(engine, known, {unit: LEAST_WORD for unit in deeper}, len(phrase.terms), where, clock)
        for unit, found in deeper.items():
            judged[unit] = found.by_id | judged[unit]
        unseen = _unseen(known, covering, len(phrase.terms))
        wanting = _wanting(known, covering, unseen)
    lines = _lines(engine, [word.word for word in anchors.values()], len(phrase.terms) - 1, clock)
    reading = Reading(lines, judged, len(phrase.terms), least)
    for beside in reading.waves([(unit, word.word) for (unit, _), word in anchors.items()]):
        _judge(engine, units, known, judged, beside, where, clock)
    paths = [(reading.best_path(unit[0], word.word), word) for (unit, _), word in anchors.items()]
    return [_place(path, word) for path, word in paths if path is not None], not wanting, unseen


def _near(
    engine: Engine, units: Mapping[Unit, Sought], where: IndexFilter, depth: int, clock: Clock
) -> dict[Unit, Near]:
    found = near_each(engine, list(units.values()), where, depth, clock)
    return {
        unit: read_nearest(engine, sought, near, clock) if sought.strings else near
        for (unit, sought), near in zip(units.items(), found, strict=True)
    }


def _rarest(known: Mapping[Unit, Near], terms: int, least: float) -> tuple[list[Unit], float]:
    """The units that cover the rarest term, and the most confidence of a place without any of their known words.

    Every place of the phrase has a word for one of them. The rarest is the term with the least such confidence.
    """
    covering = [[unit for unit in known if unit[0] <= term < unit[1]] for term in range(terms)]
    unseen = [_unseen(known, units, terms) for units in covering]
    likely = [sum(known[unit].count(least) for unit in units) for units in covering]
    rarest = min(range(terms), key=lambda term: (max(unseen[term], _LEAST), likely[term]))
    return covering[rarest], unseen[rarest]


def _unseen(known: Mapping[Unit, Near], units: list[Unit], terms: int) -> float:
    """The most confidence of a place that has an unknown word for one of these units."""
    return max(_at_most(known, unit, terms)(known[unit].edge) for unit in units)


def _at_most(known: Mapping[Unit, Near], unit: Unit, terms: int) -> Callable[[float], float]:
    """The most confidence of a place by that of its word for this unit: the best there are stand beside it."""

    def best(start: int, end: int) -> list[float]:
        """The greatest confidences of a path for the terms from `start` up to `end`."""
        if start == end:
            return []
        firsts = [(start, stop) for stop in (start + 1, start + 2) if stop <= end]
        return max(([known[unit].most, *best(unit[1], end)] for unit in firsts), key=prod)

    before, after = best(0, unit[0]), best(unit[1], terms)
    return lambda confidence: joint([*before, confidence, *after])


def _wanting(known: Mapping[Unit, Near], units: list[Unit], unseen: float) -> list[Unit]:
    """Those of the units of which likely words may still be unknown, if a place with one could be likely at all."""
    return [unit for unit in units if known[unit].edge >= LEAST_WORD] if unseen >= _LEAST else []


def _anchors(
    engine: Engine,
    known: Mapping[Unit, Near],
    least: Mapping[Unit, float],
    terms: int,
    where: IndexFilter,
    clock: Clock,
) -> Anchors:
    """The words that are one of these units with at least that confidence, if places with them are worth a look."""
    counts = {unit: min(known[unit].count(one), _hopeful(known, unit, terms)) for unit, one in least.items()}
    likely = {unit: matches(engine, known[unit], count, where, clock) for unit, count in counts.items()}
    return {(unit, match.word.word.id): match.word for unit, some in likely.items() for match in some}


def _hopeful(known: Mapping[Unit, Near], unit: Unit, terms: int) -> int:
    """How many of a unit's words, the best first, may be part of a place of at least _LEAST_HOPE."""
    at_most = _at_most(known, unit, terms)
    return bisect_left(known[unit].confidences.tolist(), -_LEAST_HOPE, key=lambda one: -at_most(one))


def _lines(engine: Engine, words: Sequence[WordRecord], steps: int, clock: Clock) -> Lines:
    """The lines of the words, and those above and below that a path of so many steps may reach."""
    with clock.stage("catalogue"):
        own = {(word.page_id, word.line) for word in words}
        found = engine.catalogue.words_on_lines(sorted(own))
        lines = lines_of(found)
        beyond = {line for word in words for line in lines.beyond(word, steps)} - own
        if not beyond:
            return lines
        return Lines(lines.words | lines_of(engine.catalogue.words_on_lines(sorted(beyond))).words)


def _judge(
    engine: Engine,
    units: Mapping[Unit, Sought],
    known: Mapping[Unit, Near],
    judged: dict[Unit, dict[str, float]],
    beside: Mapping[Unit, Iterable[str]],
    where: IndexFilter,
    clock: Clock,
) -> None:
    """Add the confidences of words that a path may lead through, where not all likely ones are known already: what is
    unlikely by its vector may read like it. What is most unlikely is not read."""
    unknown = {
        unit: [UUID(word) for word in words if word not in judged[unit]]
        for unit, words in beside.items()
        if units[unit].strings or known[unit].edge >= LEAST_WORD
    }
    with clock.stage("search"):
        found = engine.index.similarities([units[unit].vector for unit in unknown], list(unknown.values()))
    for unit, some in zip(unknown, found, strict=True):
        confidences = judge(engine, units[unit], where, np.array(list(some.values())), clock, known[unit].best)
        judged[unit] |= zip(map(str, some), confidences.tolist(), strict=True)
        if known[unit].best_read is not None:
            likely = {word: some[word] for word, one in zip(some, confidences, strict=True) if one >= _LEAST_SEEN}
            read = read_beside(engine, units[unit], known[unit], likely, clock)
            judged[unit] |= {str(word): confidence for word, confidence in read.items()}


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
