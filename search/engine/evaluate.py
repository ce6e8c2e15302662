"""An expression over the index: items, alternatives, all on one page, exclusions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from search.engine.clock import Clock
from search.engine.engine import Engine
from search.engine.expression import Item, Phrase
from search.engine.overlap import without_overlaps
from search.engine.phrase import phrase_places
from search.engine.place import Place, ranked_by_confidence, word_place
from search.engine.pool import LEAST, pool
from search.engine.reach import DEPTHS, Reach
from search.engine.understand import Plan
from search.index.vector_index import IndexFilter

EXCLUDES = 0.5
"""Confidence from which an excluded word takes its page out."""
_EXCLUSION_DEPTHS = (1_024, 8_192, 32_768)
_LEAST_WORD = 1e-6
"""Confidence below which a word is not one of several on a page. Where words are read, 300 pairs of words on 30
pages of eleven training collections give mean average precisions of .86, .87, .88, .89 for 1e-3, 1e-4, 1e-5, 1e-6."""
_PAGES_AT_ONCE = 256
"""Pages searched at once for the words that they may hold besides those found there."""


@dataclass(frozen=True, slots=True)
class Found:
    """Places, best first, each ink once."""

    places: tuple[Place, ...]
    complete: bool
    """Nothing else can be found."""
    edge: float
    """What was not looked at has at most this confidence."""

    @classmethod
    def of(cls, places: list[Place], complete: bool, edge: float) -> Found:
        """Ordered, and without overlaps."""
        ordered = sorted(places, key=lambda place: place.rank)
        return cls(tuple(without_overlaps(ordered, lambda place: place.ink)), complete, edge)


NOTHING = Found((), True, 0.0)


def evaluate(engine: Engine, plan: Plan, where: IndexFilter, reach: Reach, clock: Clock) -> Found:
    """Places of the expression within reach for each thing sought."""
    where = _excluding(engine, plan, where, clock)
    groups = plan.expression.all_of
    if len(groups) == 1:
        return _any_of(engine, plan, groups[0], where, reach, clock)
    return _all_on_page(engine, plan, where, Reach(reach.depth, 0, _LEAST_WORD), clock)


def _item(engine: Engine, plan: Plan, item: Item, where: IndexFilter, reach: Reach, clock: Clock) -> Found:
    if isinstance(item, Phrase):
        return Found.of(*phrase_places(engine, plan, item, where, reach.depth, clock))
    near = pool(engine, plan.vectors[item], where, reach, clock)
    return Found.of([word_place(match) for match in near.matches], near.complete, near.edge)


def _any_of(
    engine: Engine, plan: Plan, items: tuple[Item, ...], where: IndexFilter, reach: Reach, clock: Clock
) -> Found:
    """Alternatives: a place counts with the best of them, by confidence, as their similarities are not alike."""
    found = [_item(engine, plan, item, where, reach, clock) for item in items]
    if len(found) == 1:
        return found[0]
    places = [ranked_by_confidence(place) for one in found for place in one.places]
    return Found.of(places, all(one.complete for one in found), max(one.edge for one in found))


def _all_on_page(engine: Engine, plan: Plan, where: IndexFilter, reach: Reach, clock: Clock) -> Found:
    """One place a page, where every group has one; ranked by the product of their confidences.

    Started from the pages of the group that is best known: a page that is not among them has less of it than its edge.
    """
    groups = plan.expression.all_of
    found = [_any_of(engine, plan, items, where, reach, clock) for items in groups]
    best = [_best_by_page(one) for one in found]
    first = min(range(len(groups)), key=lambda at: (_unseen(found, at), len(best[at])))
    pages = set(best[first])
    for at, items in enumerate(groups):
        edge = 0.0 if found[at].complete else found[at].edge
        open_pages = [page for page in pages - best[at].keys() if edge * best[first][page].confidence >= LEAST]
        best[at] |= _on_pages(engine, plan, items, where, sorted(open_pages), clock)
        pages &= set(best[at])
    unseen = _unseen(found, first)
    return Found.of([_together([one[page] for one in best]) for page in pages], unseen < LEAST, unseen)


def _unseen(found: list[Found], at: int) -> float:
    """The most confidence of a page that is not among those found for the group `at`."""
    edge = 0.0 if found[at].complete else found[at].edge
    return edge * prod(_most(one) for other, one in enumerate(found) if other != at)


def _most(found: Found) -> float:
    return max((place.confidence for place in found.places), default=0.0)


def _on_pages(
    engine: Engine, plan: Plan, items: tuple[Item, ...], where: IndexFilter, pages: list[str], clock: Clock
) -> dict[str, Place]:
    """The best place on each of these pages, where there is one."""
    best: dict[str, Place] = {}
    for start in range(0, len(pages), _PAGES_AT_ONCE):
        there = replace(where, pages=tuple(pages[start : start + _PAGES_AT_ONCE]))
        for depth in DEPTHS[1:]:
            found = _any_of(engine, plan, items, there, Reach(depth, 0, _LEAST_WORD), clock)
            if found.complete or found.edge < _LEAST_WORD:
                break
        best |= _best_by_page(found)
    return best


def _best_by_page(found: Found) -> dict[str, Place]:
    """The surest place of each page that may be one of several."""
    best: dict[str, Place] = {}
    for place in found.places:
        known = best.get(place.page)
        if place.confidence >= _LEAST_WORD and (known is None or place.confidence > known.confidence):
            best[place.page] = place
    return best


def _together(places: list[Place]) -> Place:
    """Places on one page as one: shown where it is surest."""
    product = prod(place.confidence for place in places)
    surest = max(places, key=lambda place: place.confidence)
    parts = tuple(part for place in places for part in place.parts)
    return Place(product, product, product, surest.region, parts, surest.first)


def _excluding(engine: Engine, plan: Plan, where: IndexFilter, clock: Clock) -> IndexFilter:
    """The filter without the pages that hold what is excluded."""
    pages: set[str] = set()
    for item in plan.expression.none_of:
        for depth in _EXCLUSION_DEPTHS:
            found = _item(engine, plan, item, where, Reach(depth, 0, EXCLUDES), clock)
            if found.complete or found.edge < EXCLUDES:
                break
        pages |= {place.page for place in found.places if place.confidence >= EXCLUDES}
    return replace(where, not_pages=tuple(sorted(pages))) if pages else where
