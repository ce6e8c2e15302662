"""From places to the part of the answer that was asked for: order, groups, facets, totals, cursor."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable

from infra.errors import UsageError
from ingest.iiif.regions import region_url
from search.engine.clock import Clock
from search.engine.engine import Engine
from search.engine.evaluate import Found
from search.engine.hits import Hit, Result, Total
from search.engine.place import Place
from search.engine.query import Query

Rank = tuple[float | int | str, ...]
Ranked = tuple[Rank, Place, int]
"""Its rank, the place, and how many more its group has."""


def answer(engine: Engine, query: Query, found: Found, clock: Clock) -> Result:
    """The hits from `offset` or after the cursor, with what is said about all of them."""
    places = _kept(query, found)
    following = _following(query, places)
    shown = following[: query.limit]
    counted = [place for place in places if place.confidence >= query.total_above]
    return Result(
        hits=tuple(_hit(engine, place, more) for _, place, more in shown),
        total=Total(
            hits=len(counted),
            pages=len({place.page.id for place in counted}),
            above=query.total_above,
            exact=found.complete or found.edge < query.total_above,
        ),
        timing=clock.timing(),
        next=_cursor(shown[-1][0]) if shown and (len(following) > len(shown) or not found.complete) else None,
        facets={facet: _counts(facet, counted) for facet in query.facets},
        calibrated=bool(engine.confidence.digest),
    )


def is_enough(found: Found, query: Query) -> bool:
    """Whether looking deeper would change nothing in this part of the answer."""
    if found.complete or found.edge < _floor(query):
        return True
    if query.sort == "place" or query.facets or query.group is not None:
        return found.edge < query.total_above and len(_following(query, _kept(query, found))) >= query.limit
    return len(_following(query, _kept(query, found))) > query.limit


def _floor(query: Query) -> float:
    """Confidence below which hits are left out: in the order of places, what does not count would only be noise."""
    return max(query.least_confidence, query.total_above if query.sort == "place" else 0.0)


def _kept(query: Query, found: Found) -> list[Place]:
    return [place for place in found.places if place.confidence >= _floor(query)]


def _following(query: Query, places: list[Place]) -> list[Ranked]:
    """In the order asked for, grouped, and from where this part starts."""
    ranked = _grouped(query, sorted(((_rank(query, place), place, 0) for place in places), key=lambda entry: entry[0]))
    if query.after is None:
        return ranked[query.offset :]
    after = _parse_cursor(query.after)
    try:
        return [entry for entry in ranked if entry[0] > after]
    except TypeError as error:
        raise UsageError("this cursor belongs to another order of the hits") from error


def _rank(query: Query, place: Place) -> Rank:
    """What decides the order; the same at every call, so that a cursor finds its place again."""
    first = place.parts[0]
    if query.sort == "place":
        return (
            place.collection.name,
            place.document.label,
            place.document.id,
            place.page.number,
            first.line,
            place.region.x,
            first.word,
        )
    return -place.score, first.word


def _grouped(query: Query, ranked: list[Ranked]) -> list[Ranked]:
    """The first of each group, with the number of the others."""
    if query.group is None:
        return ranked
    key: Callable[[Place], str] = _page if query.group == "page" else _document
    sizes = Counter(key(place) for _, place, _ in ranked)
    first: dict[str, Ranked] = {}
    for rank, place, _ in ranked:
        first.setdefault(key(place), (rank, place, sizes[key(place)] - 1))
    return list(first.values())


def _page(place: Place) -> str:
    return place.page.id


def _document(place: Place) -> str:
    return place.document.id


def _counts(facet: str, places: list[Place]) -> dict[str, int]:
    """Values of the facet by falling number of places; places without a value are not counted."""
    values = [_value(facet, place) for place in places]
    counts = Counter(str(found) for found in values if found is not None)
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def _value(facet: str, place: Place) -> object:
    if facet == "collection":
        return place.collection.name
    if facet == "document":
        return place.document.id
    return place.page.id if facet == "page" else place.document.details.get(facet)


def _hit(engine: Engine, place: Place, more: int) -> Hit:
    return Hit(
        place.score,
        place.confidence,
        place.collection,
        place.document,
        place.page,
        place.region,
        region_url(place.page, place.region, engine.base_url),
        place.parts,
        more,
    )


def _cursor(rank: Rank) -> str:
    return base64.urlsafe_b64encode(json.dumps(rank).encode()).decode()


def _parse_cursor(cursor: str) -> Rank:
    try:
        rank = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError as error:
        raise UsageError("this is no cursor of an earlier answer") from error
    if not isinstance(rank, list) or not all(isinstance(part, float | int | str) for part in rank):
        raise UsageError("this is no cursor of an earlier answer")
    return tuple(rank)
