"""From places to the part of the answer that was asked for: order, groups, facets, totals, cursor."""

from __future__ import annotations

from collections import Counter

from infra.errors import UsageError
from ingest.iiif.regions import region_url
from search.engine.clock import Clock
from search.engine.cursor import Cursor, Rank
from search.engine.engine import Engine
from search.engine.evaluate import Found
from search.engine.facets import Documents, count_facets
from search.engine.hits import Hit, Result, Total
from search.engine.place import Place
from search.engine.query import Query

Ranked = tuple[Rank, Place, int]
"""Its rank, the place, and how many more its group has."""


def answer(engine: Engine, query: Query, found: Found, clock: Clock) -> Result:
    """The hits from `offset` or after the cursor, with what is said about all of them."""
    counted = [place for place in _kept(query, found) if place.confidence >= query.total_above]
    documents = _documents(engine, counted, clock) if query.sort == "place" or query.facets else {}
    following = _following(query, found, documents)
    shown = following[: query.limit]
    goes_on = bool(shown) and (len(following) > len(shown) or not _is_all(found, query))
    return Result(
        hits=_hits(engine, shown, clock),
        total=Total(
            hits=len(counted),
            pages=len({place.page for place in counted}),
            above=query.total_above,
            exact=found.complete or found.edge < query.total_above,
        ),
        timing=clock.timing(),
        next=Cursor(shown[-1][0], _start(query) + len(shown)).to_text() if goes_on else None,
        facets=count_facets(query.facets, counted, documents),
        calibrated=bool(engine.confidence.digest),
    )


def hits_needed(query: Query) -> int:
    """Hits from the first to the last that is shown, and one more to know whether it goes on."""
    return _start(query) + query.limit + 1


def is_enough(found: Found, query: Query) -> bool:
    """Whether looking further would change nothing in this part of the answer."""
    if _is_all(found, query):
        return True
    counted = found.edge < query.total_above
    if query.sort == "place":
        return counted
    following = _following(query, found, {})
    if query.limit and len(following) <= query.limit:
        return False
    settled = not query.limit or following[query.limit - 1][1].confidence >= found.edge
    return settled and (counted or not (query.group or query.facets))


def _is_all(found: Found, query: Query) -> bool:
    """Whether there is nothing else that would be shown."""
    return found.complete or found.edge < _floor(query)


def _start(query: Query) -> int:
    return Cursor.parse(query.after).shown if query.after is not None else query.offset


def _floor(query: Query) -> float:
    """Confidence below which hits are left out: in the order of places, what does not count would only be noise."""
    return max(query.least_confidence, query.total_above if query.sort == "place" else 0.0)


def _kept(query: Query, found: Found) -> list[Place]:
    return [place for place in found.places if place.confidence >= _floor(query)]


def _documents(engine: Engine, places: list[Place], clock: Clock) -> Documents:
    with clock.stage("catalogue"):
        return engine.catalogue.document_contexts(sorted({place.first.document_id for place in places}))


def _following(query: Query, found: Found, documents: Documents) -> list[Ranked]:
    """In the order asked for, grouped, and from where this part starts."""
    places = _kept(query, found)
    if query.sort == "place":
        places = [place for place in places if place.first.document_id in documents]
        entries = sorted(((_reading_rank(place, documents), place, 0) for place in places), key=lambda entry: entry[0])
    else:
        entries = [(place.rank, place, 0) for place in places]
    ranked = _grouped(query, entries)
    if query.after is None:
        return ranked[query.offset :]
    after = Cursor.parse(query.after).rank
    try:
        return [entry for entry in ranked if entry[0] > after]
    except TypeError as error:
        raise UsageError("this cursor belongs to another order of the hits") from error


def _reading_rank(place: Place, documents: Documents) -> Rank:
    """As one would meet the places, reading from the first page of the first document on."""
    document, collection = documents[place.first.document_id]
    first = place.parts[0]
    return (
        collection.name,
        document.label,
        document.id,
        place.first.page_number,
        first.line,
        place.region.x,
        first.word,
    )


def _grouped(query: Query, ranked: list[Ranked]) -> list[Ranked]:
    """The first of each group, with the number of the others."""
    if query.group is None:
        return ranked
    keys = [place.page if query.group == "page" else place.first.document_id for _, place, _ in ranked]
    sizes = Counter(keys)
    first: dict[str, Ranked] = {}
    for key, (rank, place, _) in zip(keys, ranked, strict=True):
        first.setdefault(key, (rank, place, sizes[key] - 1))
    return list(first.values())


def _hits(engine: Engine, shown: list[Ranked], clock: Clock) -> tuple[Hit, ...]:
    """With what a hit shows of its page; a page that was removed this very moment is left out."""
    with clock.stage("catalogue"):
        contexts = engine.catalogue.page_contexts(sorted({place.page for _, place, _ in shown}))
    return tuple(
        Hit(
            place.score,
            place.confidence,
            context.collection,
            context.document,
            context.page,
            place.region,
            region_url(context.page, place.region, engine.base_url),
            place.parts,
            more,
        )
        for _, place, more in shown
        if (context := contexts.get(place.page)) is not None
    )
