"""An expression over the index: items, alternatives, all on one page, exclusions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

from search.engine.clock import Clock
from search.engine.engine import Engine
from search.engine.expression import Item, Phrase
from search.engine.overlap import without_overlaps
from search.engine.phrase import phrase_places
from search.engine.place import Place, word_place
from search.engine.pool import pool
from search.engine.understand import Plan
from search.index.vector_index import IndexFilter

EXCLUDES = 0.5
"""Confidence from which an excluded word takes its page out."""
_EXCLUSION_DEPTHS = (1_024, 8_192, 32_768)
_REFINED_PAGES = 256
"""Pages that hold some of several words and are searched for the others."""


@dataclass(frozen=True, slots=True)
class Found:
    """Places, best first, each ink once."""

    places: tuple[Place, ...]
    complete: bool
    """Everything was looked at."""
    edge: float
    """What was not looked at has at most this confidence."""

    @classmethod
    def of(cls, places: list[Place], complete: bool, edge: float) -> Found:
        """Ordered, and without overlaps."""
        ordered = sorted(places, key=lambda place: place.rank)
        return cls(tuple(without_overlaps(ordered, lambda place: place.ink)), complete, edge)


NOTHING = Found((), True, 0.0)


def evaluate(engine: Engine, plan: Plan, where: IndexFilter, depth: int, clock: Clock) -> Found:
    """Places of the expression among the first `depth` words near to each thing sought."""
    where = _excluding(engine, plan, where, clock)
    groups = plan.expression.all_of
    found = [_any_of(engine, plan, group, where, depth, clock) for group in groups]
    if len(groups) == 1:
        return found[0]
    return _all_on_page(engine, plan, found, where, depth, clock)


def _item(engine: Engine, plan: Plan, item: Item, where: IndexFilter, depth: int, clock: Clock) -> Found:
    if isinstance(item, Phrase):
        return Found.of(*phrase_places(engine, plan, item, where, depth, clock))
    near = pool(engine, plan.vectors[item], where, depth, clock)
    return Found(tuple(word_place(match) for match in near.matches), near.complete, near.edge)


def _any_of(engine: Engine, plan: Plan, items: tuple[Item, ...], where: IndexFilter, depth: int, clock: Clock) -> Found:
    """Alternatives: a place counts with the best of them, by confidence, as their similarities are not alike."""
    found = [_item(engine, plan, item, where, depth, clock) for item in items]
    if len(found) == 1:
        return found[0]
    places = [replace(place, score=place.confidence) for one in found for place in one.places]
    return Found.of(places, all(one.complete for one in found), max(one.edge for one in found))


def _all_on_page(engine: Engine, plan: Plan, found: list[Found], where: IndexFilter, depth: int, clock: Clock) -> Found:
    """One place a page, where every group has one; ranked by the product of their confidences."""
    best = [_best_by_page(one) for one in found]
    pages = _promising(best)
    for at, items in enumerate(plan.expression.all_of):
        missing = tuple(page for page in pages if page not in best[at])
        if missing:
            again = _any_of(engine, plan, items, replace(where, pages=missing), depth, clock)
            best[at] |= _best_by_page(again)
    common = reduce(lambda a, b: a & b, (set(one) for one in best))
    places = [_together([one[page] for one in best]) for page in common]
    return Found.of(places, all(one.complete for one in found), max(one.edge for one in found))


def _best_by_page(found: Found) -> dict[str, Place]:
    best: dict[str, Place] = {}
    for place in found.places:
        known = best.get(place.page.id)
        if known is None or place.confidence > known.confidence:
            best[place.page.id] = place
    return best


def _promising(best: list[dict[str, Place]]) -> list[str]:
    """Pages by the sum of the confidences found on them so far."""
    sums: dict[str, float] = {}
    for one in best:
        for page, place in one.items():
            sums[page] = sums.get(page, 0.0) + place.confidence
    return sorted(sums, key=lambda page: (-sums[page], page))[:_REFINED_PAGES]


def _together(places: list[Place]) -> Place:
    """Places on one page as one: shown where it is surest."""
    product = 1.0
    for place in places:
        product *= place.confidence
    surest = max(places, key=lambda place: place.confidence)
    parts = tuple(part for place in places for part in place.parts)
    return replace(surest, score=product, confidence=product, parts=parts)


def _excluding(engine: Engine, plan: Plan, where: IndexFilter, clock: Clock) -> IndexFilter:
    """The filter without the pages that hold what is excluded."""
    pages: set[str] = set()
    for item in plan.expression.none_of:
        for depth in _EXCLUSION_DEPTHS:
            found = _item(engine, plan, item, where, depth, clock)
            if found.complete or found.edge < EXCLUDES:
                break
        pages |= {place.page.id for place in found.places if place.confidence >= EXCLUDES}
    return replace(where, not_pages=tuple(sorted(pages))) if pages else where
