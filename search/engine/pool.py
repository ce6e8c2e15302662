"""The words nearest to one thing sought, live, visible and each ink once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.catalogue.records import WordContext
from ingest.geometry import Region
from search.engine.clock import Clock
from search.engine.confidence import Asked
from search.engine.contexts import word_contexts
from search.engine.engine import Engine
from search.engine.overlap import without_overlaps
from search.engine.sought import Sought
from search.index.vector_index import IndexFilter, Neighbour

Similarities = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Match:
    """A word near to what is sought."""

    similarity: float
    confidence: float
    context: WordContext

    @property
    def place(self) -> tuple[str, Region]:
        """Page id and region."""
        return self.context.page.id, self.context.word.region


@dataclass(frozen=True, slots=True)
class Pool:
    """Matches, best first."""

    matches: tuple[Match, ...]
    complete: bool
    """There are no more words to compare."""
    edge: float
    """Confidence of the last word looked at: what was not looked at has less."""
    best: float
    """Similarity of the nearest word; -1 where there is none."""


def pool(engine: Engine, sought: Sought, where: IndexFilter, depth: int, clock: Clock) -> Pool:
    """The nearest words among the first `depth` of the index; points without a live word are left out."""
    with clock.stage("search"):
        found = engine.index.query(sought.vector, limit=depth, where=where)
    similarities = np.array([neighbour.similarity for neighbour in found])
    confidences = judge(engine, sought, where, similarities, clock)
    with clock.stage("catalogue"):
        contexts = word_contexts(engine.catalogue, [str(neighbour.id) for neighbour in found])
    matches = _live(found, confidences, contexts, where)
    return Pool(
        tuple(without_overlaps(matches, lambda match: match.place)),
        len(found) < depth,
        float(confidences[-1]) if found else 0.0,
        found[0].similarity if found else -1.0,
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


def _live(
    found: list[Neighbour], confidences: Similarities, contexts: dict[str, WordContext], where: IndexFilter
) -> list[Match]:
    """Neighbours with their words; the catalogue, not the index, says where a word is and who may see it."""
    matches = []
    for neighbour, confidence in zip(found, confidences, strict=True):
        context = contexts.get(str(neighbour.id))
        if context is None or (where.collections and context.collection.id not in where.collections):
            continue
        matches.append(Match(neighbour.similarity, float(confidence), context))
    return matches
