"""Pages of one ranking that fit together: the first from a graph search, the others from an exact one.

A graph search is fast and approximate, and asked for more it may give another beginning. So it is asked for one fixed
number; what lies deeper is what an exact search finds besides. Every page is cut from the same list, which holds
everything as far as it goes: a point that the graph missed comes right after the graph's last.
"""

from __future__ import annotations

from collections.abc import Callable

from search.index.vector_index import Neighbour

FIRST_STEP = 160
_FACTOR = 4

Search = Callable[[int, bool], list[Neighbour]]
"""(depth, compare with every vector) -> that many nearest points, or all there are."""


def stable_page(search: Search, offset: int, limit: int, *, exact: bool = False) -> list[Neighbour]:
    """Entries `offset` to `offset + limit` of the ranking; `exact`: the graph is not asked."""
    if limit < 0 or offset < 0:
        raise ValueError(f"limit and offset count from 0: {limit}, {offset}")
    wanted = offset + limit
    if not limit:
        return []
    first, complete = _settled(search(FIRST_STEP, exact), FIRST_STEP)
    ranking, seen, depth = first, {neighbour.id for neighbour in first}, FIRST_STEP
    while len(ranking) < wanted and not complete:
        depth *= _FACTOR
        if depth > wanted:
            deeper, complete = _settled(search(depth, True), depth)
            ranking = first + [neighbour for neighbour in deeper if neighbour.id not in seen]
    return ranking[offset:wanted]


def _settled(found: list[Neighbour], depth: int) -> tuple[list[Neighbour], bool]:
    """In order, with whether it is all there is; else without the last and its equals, of which there may be more."""
    complete = len(found) < depth
    if not complete:
        least = min(neighbour.similarity for neighbour in found)
        found = [neighbour for neighbour in found if neighbour.similarity > least]
    return in_order(found), complete


def in_order(found: list[Neighbour]) -> list[Neighbour]:
    """Best first, ties by id."""
    return sorted(found, key=lambda neighbour: (-neighbour.similarity, neighbour.id.int))
