"""The words nearest to one thing sought, live and visible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.catalogue.records import LiveWord
from search.engine.clock import Clock
from search.engine.confidence import Asked
from search.engine.engine import Engine
from search.engine.reach import Reach
from search.engine.sought import Sought
from search.index.vector_index import IndexFilter, Neighbour

LEAST = 0.001
"""Confidence below which several words on a page are not looked for any further."""

Similarities = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Points of the index, best first; not all of them need be words that are still there."""

    ids: tuple[str, ...]
    similarities: Similarities
    confidences: Similarities
    """float64 (n,) each."""
    all_there_are: bool

    @property
    def best(self) -> float:
        """Similarity of the nearest; -1 where there is none."""
        return float(self.similarities[0]) if self.ids else -1.0

    @property
    def most(self) -> float:
        """Confidence of the nearest."""
        return float(self.confidences[0]) if self.ids else 0.0

    @property
    def edge(self) -> float:
        """What is not among them has at most this confidence."""
        return 0.0 if self.all_there_are else float(self.confidences[-1])


@dataclass(frozen=True, slots=True)
class Match:
    """A word near to what is sought."""

    similarity: float
    order: float
    """Similarity by which it is ranked: where the index found a word late, that of the one before."""
    confidence: float
    word: LiveWord


@dataclass(frozen=True, slots=True)
class Pool:
    """Matches, best first; several may share their ink."""

    matches: tuple[Match, ...]
    complete: bool
    """There are no more words to compare."""
    edge: float
    """What was not looked at has at most this confidence."""


def near(engine: Engine, sought: Sought, where: IndexFilter, depth: int, clock: Clock) -> Near:
    """The nearest points, at most `depth`, with their confidences; those of a lesser depth stay the first."""
    with clock.stage("search"):
        found = engine.index.query(sought.vector, limit=depth, where=where)
    return _judged(engine, sought, where, found, depth, clock)


def near_each(engine: Engine, sought: Sequence[Sought], where: IndexFilter, depth: int, clock: Clock) -> list[Near]:
    """The same for several at once and faster, but a greater depth may bring a point among the first."""
    with clock.stage("search"):
        found = engine.index.nearest([one.vector for one in sought], limit=depth, where=where)
    return [_judged(engine, one, where, some, depth, clock) for one, some in zip(sought, found, strict=True)]


def _judged(
    engine: Engine, sought: Sought, where: IndexFilter, found: Sequence[Neighbour], depth: int, clock: Clock
) -> Near:
    similarities = np.array([neighbour.similarity for neighbour in found])
    confidences = judge(engine, sought, where, similarities, clock)
    return Near(tuple(str(neighbour.id) for neighbour in found), similarities, confidences, len(found) < depth)


def pool(engine: Engine, sought: Sought, where: IndexFilter, reach: Reach, clock: Clock) -> Pool:
    """The nearest words within reach; points without a live word are left out."""
    found = near(engine, sought, where, reach.depth, clock)
    looked = max(reach.hits, int(np.count_nonzero(found.confidences >= reach.above)))
    rest = found.confidences[looked:]
    return Pool(
        matches(engine, found, looked, where, clock),
        found.all_there_are and not len(rest),
        float(rest[0]) if len(rest) else found.edge,
    )


def matches(engine: Engine, found: Near, first: int, where: IndexFilter, clock: Clock) -> tuple[Match, ...]:
    """The words of the first points. The catalogue, not the index, says where a word is and who may see it."""
    with clock.stage("catalogue"):
        words = engine.catalogue.live_words(found.ids[:first])
    orders = np.minimum.accumulate(found.similarities[:first]).tolist()
    rows = zip(found.ids, found.similarities.tolist(), orders, found.confidences.tolist(), strict=False)
    return tuple(
        Match(similarity, order, confidence, word)
        for key, similarity, order, confidence in rows
        if (word := words.get(key)) is not None and (not where.collections or word.collection_id in where.collections)
    )


def judge(
    engine: Engine,
    sought: Sought,
    where: IndexFilter,
    similarities: Similarities,
    clock: Clock,
    best: float | None = None,
) -> Similarities:
    """float64 (n,) similarities -> float64 (n,) confidences, against the background of the collections searched.

    `best`: the similarity of the nearest word of all, where the nearest is not among these.
    """
    with clock.stage("search"):
        background = engine.backgrounds.of(sought.vector, where.collections)
    return engine.confidence.probabilities(similarities, Asked(sought.kind, sought.letters, background, best))
