"""The words nearest to one thing sought, live and visible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.catalogue.records import LiveWord
from search.engine.clock import Clock
from search.engine.engine import Engine
from search.engine.near import Near, near
from search.engine.reach import Reach
from search.engine.reading import read_nearest
from search.engine.sought import Sought
from search.index.vector_index import IndexFilter

LEAST = 0.001
"""Confidence below which several words on a page are not looked for any further."""


@dataclass(frozen=True, slots=True)
class Match:
    """A word near to what is sought."""

    similarity: float
    order: float
    """What it is ranked by: similarity, where the index found a word late that of the one before; where words are read,
    confidence."""
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


def pool(engine: Engine, sought: Sought, where: IndexFilter, reach: Reach, clock: Clock) -> Pool:
    """The nearest words within reach; points without a live word are left out."""
    found = near(engine, sought, where, reach.depth, clock)
    if sought.strings:
        found = read_nearest(engine, sought, found, clock)
    looked = max(reach.hits, int(np.count_nonzero(found.confidences >= reach.above)))
    rest = found.confidences[looked:]
    return Pool(
        matches(engine, found, looked, where, clock),
        found.all_there_are and not len(rest),
        max(float(rest[0]), found.edge) if len(rest) else found.edge,
    )


def matches(engine: Engine, found: Near, first: int, where: IndexFilter, clock: Clock) -> tuple[Match, ...]:
    """The words of the first points. The catalogue, not the index, says where a word is and who may see it."""
    with clock.stage("catalogue"):
        words = engine.catalogue.live_words(found.ids[:first])
    rows = zip(
        found.ids[:first],
        found.similarities[:first].tolist(),
        found.orders[:first].tolist(),
        found.confidences[:first].tolist(),
        strict=True,
    )
    return tuple(
        Match(similarity, order, confidence, word)
        for key, similarity, order, confidence in rows
        if (word := words.get(key)) is not None and (not where.collections or word.collection_id in where.collections)
    )
