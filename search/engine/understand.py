"""From text and examples to vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from infra.errors import UsageError
from search.engine.clock import Clock
from search.engine.engine import Engine
from search.engine.examples import fused
from search.engine.expression import Expression, Item, Phrase, Term
from search.engine.grammar import parse
from search.engine.query import Query
from search.engine.sought import Sought, sought_terms
from search.handwriting.alphabet import fold
from search.handwriting.classes import spell

_EXAMPLES = Term("\N{FRAME WITH PICTURE}")
"""Stands for the examples where there is no text."""


@dataclass(frozen=True)
class Plan:
    """What to look for, and the vector of everything that one word may stand for."""

    expression: Expression
    vectors: Mapping[Term, Sought]

    @property
    def is_single(self) -> bool:
        """Only one word or example: its ranking is the same however far one looks."""
        return self.is_of_words and len(self._first) == 1

    @property
    def is_of_words(self) -> bool:
        """Each hit is one word: nothing has to stand beside it, or elsewhere on its page."""
        return len(self.expression.all_of) == 1 and all(isinstance(item, Term) for item in self._first)

    @property
    def is_phrase(self) -> bool:
        """Only a phrase, or several of which one will do."""
        return len(self.expression.all_of) == 1 and all(isinstance(item, Phrase) for item in self._first)

    @property
    def _first(self) -> tuple[Item, ...]:
        return self.expression.all_of[0]


def understand(engine: Engine, query: Query, clock: Clock) -> Plan:
    """Parse the text and embed it. Raises UsageError where there is nothing to look for, ModelError."""
    if not query.text.strip():
        if not query.positive:
            raise UsageError("there is nothing to look for; type a word or give an example")
        return Plan(Expression(((_EXAMPLES,),)), {_EXAMPLES: fused(engine, query, None, clock)})
    expression = _whole(query.text) if engine.pictures else parse(query.text)
    with clock.stage("encode"):
        vectors = sought_terms(engine, expression.sought)
    if query.positive or query.negative:
        if len(expression.terms) > 1:
            raise UsageError("examples go together with one word, not with several or a phrase")
        term = expression.terms[0]
        vectors[term] = fused(engine, query, vectors[term], clock)
        return Plan(expression, vectors)
    plan = Plan(expression, vectors)
    return _to_be_read(plan) if engine.reads else plan


def _to_be_read(plan: Plan) -> Plan:
    """Words are compared letter by letter, but for `word~`, which asks for other letters as well."""
    spelled = {term: fold(term.text) for term in plan.vectors if not term.loose}
    read = {term: replace(plan.vectors[term], strings={text: 1.0}) for term, text in spelled.items() if spell(text)}
    return Plan(plan.expression, {**plan.vectors, **read})


def _whole(text: str) -> Expression:
    """A description of a picture is looked for as it is."""
    return Expression(((Term(text.strip(), exact=True),),))
