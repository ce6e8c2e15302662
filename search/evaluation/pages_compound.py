"""How well phrases are found, and pages by several words, where the text of the pages is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise

import numpy as np

from search.evaluation.page_xml import TruthPage
from search.evaluation.pages_rankings import (
    LEAST_LETTERS,
    Ask,
    FoundWord,
    LineFinder,
    Place,
    best_by_place,
    precision_of,
)
from search.handwriting.alphabet import fold

MOST_QUERIES = 300
"""Of each sort; drawn with a fixed seed where there are more."""
Relevant = Mapping[str, AbstractSet[Place]]
"""Query -> places that answer it."""


def phrases(truth: Mapping[str, TruthPage]) -> dict[str, set[Place]]:
    """Two neighbours on a line, as a quoted phrase, with all lines that hold them."""
    found: dict[str, set[Place]] = {}
    for page, one in truth.items():
        for number, line in enumerate(one.lines):
            for first, second in pairwise(map(fold, line.text.split())):
                if _is_asked(first) and _is_asked(second):
                    found.setdefault(f'"{first} {second}"', set()).add((page, number))
    return _drawn(found)


def word_pairs(truth: Mapping[str, TruthPage]) -> dict[str, set[Place]]:
    """Two different words of one page, with all pages that hold both, as (page, 0)."""
    words = {
        page: {word for line in one.lines for word in map(fold, line.text.split()) if _is_asked(word)}
        for page, one in truth.items()
    }
    rng, found = np.random.default_rng(0), dict[str, set[Place]]()
    for own in words.values():
        shuffled = [str(word) for word in rng.permutation(sorted(own))]
        for first, second in zip(shuffled[::2], shuffled[1::2], strict=False):
            found[f"{first} {second}"] = {(page, 0) for page, all_of in words.items() if {first, second} <= all_of}
    return _drawn(found)


def phrase_precisions(truth: Mapping[str, TruthPage], ask: Ask) -> list[float]:
    """Average precision of the lines of each phrase; a hit is on the line where the phrase begins."""
    finders = {page: LineFinder(one.lines) for page, one in truth.items()}

    def line(hit: FoundWord) -> Place | None:
        number = finders[hit.page].line_at(hit.region)
        return None if number is None else (hit.page, number)

    return _precisions(phrases(truth), ask, line)


def pair_precisions(truth: Mapping[str, TruthPage], ask: Ask) -> list[float]:
    """Average precision of the pages of each pair of words."""
    return _precisions(word_pairs(truth), ask, lambda hit: (hit.page, 0))


def _precisions(relevant: Relevant, ask: Ask, place: Callable[[FoundWord], Place | None]) -> list[float]:
    return [precision_of(best_by_place(ask(query), place), places) for query, places in relevant.items()]


def _is_asked(word: str) -> bool:
    return sum(character.isalpha() for character in word) >= LEAST_LETTERS


def _drawn(found: Mapping[str, set[Place]]) -> dict[str, set[Place]]:
    queries: Sequence[str] = sorted(found)
    chosen = np.random.default_rng(0).permutation(len(queries))[:MOST_QUERIES]
    return {queries[i]: found[queries[i]] for i in sorted(chosen)}
