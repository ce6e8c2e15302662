"""Finding: the whole way from a question to ranked places on pages."""

from __future__ import annotations

from search.engine.answer import answer, is_enough
from search.engine.clock import Clock
from search.engine.engine import Engine
from search.engine.evaluate import NOTHING, Found, evaluate
from search.engine.filters import index_filter
from search.engine.hits import Result
from search.engine.query import Query
from search.engine.understand import Plan, understand

DEPTHS = (128, 1_024, 8_192, 16_384, 32_768)
"""Words looked at for each thing sought: the next step is taken where the last was not enough."""


def find(engine: Engine, query: Query) -> Result:
    """Answer a question.

    Raises UsageError where it cannot be understood, NotFoundError for an example that is not there, and ModelError,
    VectorIndexError, CatalogueError where a part fails.
    """
    clock = Clock()
    plan = understand(engine, query, clock)
    found = _look(engine, plan, query, clock)
    return answer(engine, query, found, clock)


def _look(engine: Engine, plan: Plan, query: Query, clock: Clock) -> Found:
    """Go deeper until the asked part of the answer is settled."""
    where = index_filter(query)
    found = NOTHING
    if where is not None:
        for depth in _depths(query.offset + query.limit):
            found = evaluate(engine, plan, where, depth, clock)
            if is_enough(found, query):
                break
    return found


def _depths(hits: int) -> tuple[int, ...]:
    """The steps that may hold so many hits; at least the last."""
    return tuple(depth for depth in DEPTHS if depth > hits) or DEPTHS[-1:]
