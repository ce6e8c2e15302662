"""Finding: the whole way from a question to ranked places on pages."""

from __future__ import annotations

from collections.abc import Iterator

from search.engine.answer import answer, hits_needed, is_enough
from search.engine.clock import Clock
from search.engine.engine import Engine
from search.engine.evaluate import NOTHING, Found, evaluate
from search.engine.filters import index_filter
from search.engine.hits import Result
from search.engine.query import Query
from search.engine.reach import DEPTHS, Reach, steps
from search.engine.shares import Share, shares, together
from search.engine.understand import Plan, understand


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
    found = NOTHING
    for reach in _reaches(plans, query):
        parts = zip(shares, plans, strict=True)
        found = together([evaluate(share.engine, plan, share.where, reach, clock) for share, plan in parts])
        if is_enough(found, query):
            break
    return found


def _reaches(plans: list[Plan], query: Query) -> Iterator[Reach]:
    """A single ranking starts as deep as it has to go; a phrase knows by itself when little is enough."""
    hits, plan = hits_needed(query), plans[0]
    first = hits if len(plans) == 1 and plan.is_single else DEPTHS[0] if plan.is_phrase else 0
    return steps(hits, query.total_above, words=plan.is_of_words, first=first)
