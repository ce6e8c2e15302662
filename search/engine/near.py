"""The points of the index nearest to one thing sought, with their confidences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.engine.background import Background
from search.engine.clock import Clock
from search.engine.confidence import Asked
from search.engine.engine import Engine
from search.engine.sought import Sought
from search.index.vector_index import IndexFilter, Neighbour

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Points of the index, best first; not all of them need be words that are still there."""

    ids: tuple[str, ...]
    similarities: Numbers
    orders: Numbers
    """What they are ranked by, which never rises."""
    confidences: Numbers
    """float64 (n,) each."""
    all_there_are: bool
    edge: float
    """What is not among them has at most this confidence."""
    background: Background
    """What their similarities were judged against."""
    best_read: float | None = None
    """The best score of those that were read; None where none was."""

    @property
    def best(self) -> float:
        """Similarity of the nearest; -1 where there is none."""
        return float(self.similarities.max(initial=-1.0))

    @property
    def most(self) -> float:
        """Confidence of the nearest."""
        return float(self.confidences[0]) if self.ids else 0.0

    @property
    def by_id(self) -> dict[str, float]:
        """Point id -> confidence."""
        return dict(zip(self.ids, self.confidences.tolist(), strict=True))

    def count(self, least: float) -> int:
        """How many have at least this confidence."""
        return int(np.count_nonzero(self.confidences >= least))


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
    background = _background(engine, sought, where, clock)
    confidences = engine.confidence.probabilities(similarities, Asked(sought.kind, sought.letters, background))
    ids, all_there_are = tuple(str(neighbour.id) for neighbour in found), len(found) < depth
    edge = 0.0 if all_there_are else float(confidences[-1])
    return Near(ids, similarities, np.minimum.accumulate(similarities), confidences, all_there_are, edge, background)


def judge(
    engine: Engine,
    sought: Sought,
    where: IndexFilter,
    similarities: Numbers,
    clock: Clock,
    best: float,
) -> Numbers:
    """float64 (n,) similarities -> float64 (n,) confidences, against the background of the collections searched.

    `best`: the similarity of the nearest word of all.
    """
    background = _background(engine, sought, where, clock)
    return engine.confidence.probabilities(similarities, Asked(sought.kind, sought.letters, background, best))


def _background(engine: Engine, sought: Sought, where: IndexFilter, clock: Clock) -> Background:
    with clock.stage("search"):
        return engine.backgrounds.of(sought.vector, where.collections)
