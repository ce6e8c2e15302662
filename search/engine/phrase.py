"""A phrase: neighbours in order on a line or across a line break.

Each word near to the rarest of the phrase's words is an anchor; from there the reading paths to both sides are compared
with the words that should stand there. A hypothesis may also stand for two words of the phrase at once, as the
segmenter may have missed the gap between them. What the first step finds is read; what a deeper one finds besides is
judged by vector alone, and comes among or behind the others as words that are not read do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import prod

from ingest.catalogue.records import LiveWord
from search.engine.clock import Clock
from search.engine.engine import Engine
from search.engine.expression import Phrase, Unit
from search.engine.hits import Part
from search.engine.near import Near
from search.engine.paths import LEAST_WORD, Path, Reading, joint
from search.engine.phrase_words import Anchor, PhraseWords
from search.engine.place import Place
from search.engine.reach import DEPTHS
from search.engine.reading import most_behind
from search.engine.understand import Plan
from search.index.vector_index import IndexFilter

_LEAST = 0.02
"""Confidence below which a phrase is not looked for any further."""


def phrase_places(
    engine: Engine, plan: Plan, phrase: Phrase, where: IndexFilter, depth: int, clock: Clock
) -> tuple[list[Place], bool, float]:
    """(places, nothing else can be found, most confidence of what was not looked at).

    Only for the rarest word is it needful to know all that are like it: it alone is looked for down to `depth`.
    """
    units = {unit: plan.vectors[term] for unit, term in phrase.units.items()}
    terms, words = len(phrase.terms), PhraseWords(engine, units, len(phrase.terms), where, clock)
    known = words.near(units, DEPTHS[0])
    covering, unseen = _rarest(known, terms)
    anchors = words.anchors(known, covering)
    places = _places(words.read(known, *words.judged(known, anchors)), anchors)
    most = most_behind(unseen, [place.confidence for place in places])
    if depth == DEPTHS[0] or unseen < _LEAST:
        return places, unseen < _LEAST, most
    words, first = words.by_vector(), set(anchors)
    known |= words.near((unit for unit in covering if known[unit].edge >= LEAST_WORD), depth)
    deeper = [anchor for anchor in words.anchors(known, covering) if anchor not in first]
    behind = _places(words.judged(known, deeper)[0], deeper)
    still_unseen = _unseen(known, covering, terms)
    scale = most / unseen
    places += [_with_confidence(place, min(place.confidence, unseen) * scale) for place in behind]
    return places, still_unseen < _LEAST, still_unseen * scale


def _places(reading: Reading, anchors: Iterable[Anchor]) -> list[Place]:
    paths = [(reading.best_path(unit[0], word.word), word) for unit, word in anchors]
    return [_place(path, word) for path, word in paths if path is not None]


def _with_confidence(place: Place, confidence: float) -> Place:
    return replace(place, score=confidence, order=confidence, confidence=confidence)


def _rarest(known: Mapping[Unit, Near], terms: int) -> tuple[list[Unit], float]:
    """The units that cover the rarest term, and the most confidence of a place without any of their known words.

    Every place of the phrase has a word for one of them. The rarest is the term with the least such confidence.
    """
    covering = [[unit for unit in known if unit[0] <= term < unit[1]] for term in range(terms)]
    unseen = [_unseen(known, units, terms) for units in covering]
    likely = [sum(known[unit].count(LEAST_WORD) for unit in units) for units in covering]
    rarest = min(range(terms), key=lambda term: (max(unseen[term], _LEAST), likely[term]))
    return covering[rarest], unseen[rarest]


def _unseen(known: Mapping[Unit, Near], units: list[Unit], terms: int) -> float:
    """The most confidence of a place that has an unknown word for one of these units."""

    def best(start: int, end: int) -> list[float]:
        """The greatest confidences of a path for the terms from `start` up to `end`."""
        if start == end:
            return []
        firsts = [(start, stop) for stop in (start + 1, start + 2) if stop <= end]
        return max(([known[unit].most, *best(unit[1], end)] for unit in firsts), key=prod)

    return max(joint([*best(0, unit[0]), known[unit].edge, *best(unit[1], terms)]) for unit in units)


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
