"""What a typed query means: words, phrases, alternatives, exclusions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One word to look for."""

    text: str
    loose: bool = False
    """`word~`: near spellings count as found."""
    exact: bool = False
    """`=word`: case and diacritics as typed; else they are folded."""
    at: int = 0
    """Where it stands in the query, characters from 0."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Neighbouring words in that order; at least two."""

    terms: tuple[Term, ...]
    at: int = 0


Item = Term | Phrase


@dataclass(frozen=True, slots=True)
class Expression:
    """Pages with at least one item of each group of `all_of` and none of `none_of`."""

    all_of: tuple[tuple[Item, ...], ...]
    none_of: tuple[Item, ...] = ()

    @property
    def terms(self) -> tuple[Term, ...]:
        """Every word in it, in no order."""
        items = [item for group in self.all_of for item in group] + list(self.none_of)
        return tuple(term for item in items for term in (item.terms if isinstance(item, Phrase) else (item,)))
