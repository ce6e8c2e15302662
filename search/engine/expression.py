"""What a typed query means: words, phrases, alternatives, exclusions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise


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


Unit = tuple[int, int]
"""First term of a phrase that one word stands for, and the one after the last."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Neighbouring words in that order; at least two."""

    terms: tuple[Term, ...]
    at: int = 0

    @property
    def units(self) -> Mapping[Unit, Term]:
        """What one word on the page may stand for: each term, and each two neighbours written as one."""
        units = {(i, i + 1): term for i, term in enumerate(self.terms)}
        for i, (a, b) in enumerate(pairwise(self.terms)):
            units[i, i + 2] = Term(a.text + b.text, a.loose or b.loose, a.exact and b.exact, a.at)
        return units


Item = Term | Phrase


@dataclass(frozen=True, slots=True)
class Expression:
    """Pages with at least one item of each group of `all_of` and none of `none_of`."""

    all_of: tuple[tuple[Item, ...], ...]
    none_of: tuple[Item, ...] = ()

    @property
    def terms(self) -> tuple[Term, ...]:
        """Every word in it, in no order."""
        return tuple(term for item in self._items for term in (item.terms if isinstance(item, Phrase) else (item,)))

    @property
    def sought(self) -> tuple[Term, ...]:
        """Everything that one word on a page may stand for, in no order."""
        several = (item.units.values() if isinstance(item, Phrase) else (item,) for item in self._items)
        return tuple(term for some in several for term in some)

    @property
    def _items(self) -> list[Item]:
        return [item for group in self.all_of for item in group] + list(self.none_of)
