"""One thing to look for: a vector, and how to judge what comes near it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from search.engine.confidence import Kind
from search.engine.engine import Engine, Vector
from search.engine.expression import Term
from search.handwriting.posteriors import Strings


@dataclass(frozen=True, eq=False)
class Sought:
    """A word or a picture to be compared with all words."""

    vector: Vector
    """float32 (d,), unit length."""
    kind: Kind
    letters: int
    """Letters and digits of the spelling; 0 without one."""
    strings: Strings = field(default_factory=dict)
    """What it may say, where the words found are to be read; none: the vector alone decides."""


def sought_terms(engine: Engine, terms: Sequence[Term]) -> dict[Term, Sought]:
    """Typed words, embedded together."""
    vectors = engine.text_vectors([spellings(term) for term in terms])
    return {
        term: Sought(vector, "loose" if term.loose else "text", sum(c.isalnum() for c in term.text))
        for term, vector in zip(terms, vectors, strict=True)
    }


def spellings(term: Term) -> tuple[str, ...]:
    """The forms a word may take on the page: as typed, and unless that alone is meant, small and capitalised."""
    if term.exact:
        return (term.text,)
    return tuple(dict.fromkeys((term.text, term.text.lower(), term.text.lower().capitalize())))
