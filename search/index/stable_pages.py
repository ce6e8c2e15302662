"""Pages of one ranking that fit together, from an approximate search whose depth changes its answer.

A graph search asked for 1,000 points may place among the first 100 one that it missed when asked for 100. So depths are
fixed steps, and a deeper step only appends what the shallower ones did not hold: every page is cut from the same list.
"""

from __future__ import annotations

from collections.abc import Callable

from search.index.vector_index import Neighbour

FIRST_STEP = 128
_FACTOR = 8

Search = Callable[[int], list[Neighbour]]
"""Depth -> that many nearest points, or all there are."""


def stable_page(search: Search, offset: int, limit: int) -> list[Neighbour]:
    """Entries `offset` to `offset + limit` of the ranking."""
    if limit < 0 or offset < 0:
        raise ValueError(f"limit and offset count from 0: {limit}, {offset}")
    ranking: list[Neighbour] = []
    depth = FIRST_STEP
    while limit:
        found = search(depth)
        seen = {neighbour.id for neighbour in ranking}
        ranking += sorted((n for n in found if n.id not in seen), key=lambda n: (-n.similarity, n.id))
        if len(ranking) >= offset + limit or len(found) < depth:
            break
        depth *= _FACTOR
    return ranking[offset : offset + limit]
