"""Finding: the whole way from a question to ranked places on pages."""

from __future__ import annotations

from search.engine.answer import answer, is_enough
from search.engine.clock import Clock
from search.engine.engine import Engine
from search.engine.evaluate import NOTHING, Found, evaluate
from search.engine.filters import index_filter
from search.engine.hits import Result
from search.engine.query import Query
from search.engine.shares import Share, shares, together
from search.engine.understand import understand

DEPTHS = (128, 1_024, 8_192, 16_384, 32_768)
"""Words looked at for each thing sought: the next step is taken where the last was not enough."""


def find(engine: Engine, query: Query) -> Result:
    """Answer a question.

    Raises UsageError where it cannot be understood, NotFoundError for an example that is not there, and ModelError,
    VectorIndexError, CatalogueError where a part fails.
    """
    clock = Clock()
    where = index_filter(query)
    found = NOTHING if where is None else _look(shares(engine, where), query, clock)
    return answer(engine, query, found, clock)


def _look(shares: list[Share], query: Query, clock: Clock) -> Found:
    """Go deeper until the asked part of the answer is settled."""
    plans = [understand(share.engine, query, clock) for share in shares]
    found = NOTHING
    for depth in _depths(query.offset + query.limit):
        parts = zip(shares, plans, strict=True)
        found = together([evaluate(share.engine, plan, share.where, depth, clock) for share, plan in parts])
        if is_enough(found, query):
            break
    return found


def _depths(hits: int) -> tuple[int, ...]:
    """The steps that may hold so many hits; at least the last."""
    return tuple(depth for depth in DEPTHS if depth > hits) or DEPTHS[-1:]
