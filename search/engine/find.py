"""Finding: the whole way from a question to ranked places on pages."""

from __future__ import annotations

from search.engine.answer import answer, hits_needed, is_enough
from search.engine.clock import Clock
from search.engine.engine import Engine
from search.engine.evaluate import NOTHING, Found, evaluate
from search.engine.filters import index_filter
from search.engine.hits import Result
from search.engine.query import Query
from search.engine.reach import steps
from search.engine.shares import Share, shares, together
from search.engine.understand import understand


def find(engine: Engine, query: Query) -> Result:
    """Answer a question.

    Raises UsageError where it cannot be understood, NotFoundError for an example that is not there, and ModelError,
    VectorIndexError, CatalogueError where a part fails.
    """
    where = index_filter(query)
    with engine.turns:  # more threads than cores would only take the interpreter from each other
        clock = Clock()
        found = NOTHING if where is None else _look(shares(engine, where), query, clock)
        return answer(engine, query, found, clock)


def _look(shares: list[Share], query: Query, clock: Clock) -> Found:
    """Go further until the asked part of the answer is settled."""
    plans = [understand(share.engine, query, clock) for share in shares]
    hits = hits_needed(query)
    one_ranking = len(plans) == 1 and plans[0].is_single
    found = NOTHING
    for reach in steps(hits, query.total_above, first=hits if one_ranking else 0):
        parts = zip(shares, plans, strict=True)
        found = together([evaluate(share.engine, plan, share.where, reach, clock) for share, plan in parts])
        if is_enough(found, query):
            break
    return found
