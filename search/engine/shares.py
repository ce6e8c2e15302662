"""Who answers for which collections: the model that all share, and those that were adapted to single collections.

Each has an index and vectors of its own, and similarities of two models are never compared: where several answer, their
hits are ranked by confidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from search.engine.engine import Engine
from search.engine.evaluate import Found
from search.engine.place import ranked_by_confidence
from search.index.vector_index import IndexFilter


@dataclass(frozen=True, slots=True)
class Share:
    """What one engine looks through."""

    engine: Engine
    where: IndexFilter


def shares(engine: Engine, where: IndexFilter) -> list[Share]:
    """The filter divided among the engines that answer for the collections it lets through."""
    versions: Mapping[str, Engine] = engine.versions()
    asked = [collection for collection in versions if not where.collections or collection in where.collections]
    if not asked:
        return [Share(engine, where)]
    every = where.collections or tuple(found.id for found in engine.catalogue.collections())
    rest = tuple(collection for collection in every if collection not in versions)
    own = [Share(versions[collection], replace(where, collections=(collection,))) for collection in asked]
    return [Share(engine, replace(where, collections=rest)), *own] if rest else own


def together(found: list[Found]) -> Found:
    """What several engines found as one, ranked by confidence."""
    if len(found) == 1:
        return found[0]
    places = [ranked_by_confidence(place) for one in found for place in one.places]
    return Found.of(places, all(one.complete for one in found), max(one.edge for one in found))
