"""Telling a better model from a worse one without labels, on words of the collection that no round has learned from.

Three witnesses. By string and by example: each word aside is taken for the string that both models together hold for
likeliest, which favours neither, and each model is asked for these words among all words of the collection, as a search
is; words learned from that bear the same string are left out of that ranking. Agreement: at which place among the
nearest strings by vector the one stands that the reading head likes best, two parts of a model that nothing forces to
agree on words they have not seen. What each has gained is counted in its own standard errors, and the three are added
up as Stouffer did (The American Soldier, 1949), so that all may decide what none of them could.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.adaptation.candidates import Seen, Vectors
from search.adaptation.pseudo_labels import Beliefs
from search.evaluation.average_precision import average_precision

LEAST_QUERIES = 40
"""Strings that words aside are taken for; on fewer nothing is decided."""
_LIKELY = 0.3
"""Mean probability by both models from which a word is taken for a string."""
_SURE = 2.5
"""Standard errors by which a model must have gained, by the three witnesses together."""
_LOSS = -1.5
"""The same of one witness, from which it objects whatever the others say."""


@dataclass(frozen=True)
class View:
    """What one model makes of the words of a collection, those held aside first."""

    seen: Seen
    beliefs: Beliefs


@dataclass(frozen=True)
class Verdict:
    """Fractions of 1; `before` and `after` of the same words and queries."""

    better: bool
    reason: str
    queries: int
    by_string: tuple[float, float]
    """Mean average precision on the strings words aside are taken for: before, after."""
    by_example: tuple[float, float]
    agreement: tuple[float, float]
    """Mean reciprocal place, among the nearest strings, of the one that the reading head likes best."""
    gain: float = 0.0
    """Of all three, in standard errors."""


def compare(before: View, after: View, aside: int) -> Verdict:
    """Whether the second model is surely better by the first `aside` words, and why or why not."""
    groups = _groups(_shared(before.beliefs, after.beliefs), aside)
    views = before, after
    agreement = np.stack([view.beliefs.agreement[:aside] for view in views])
    if len(groups) < LEAST_QUERIES:
        reason = f"only {len(groups)} strings that words aside are taken for, of the {LEAST_QUERIES} a comparison needs"
        return Verdict(False, reason, len(groups), (0.0, 0.0), (0.0, 0.0), _means(agreement))
    spelled = {text: row for view in views for text, row in zip(view.beliefs.words, view.beliefs.vectors, strict=True)}
    by_string = np.stack([_by_string(view, spelled, groups) for view in views])
    by_example = np.stack([_by_example(view.seen.vectors, groups) for view in views])
    by_example = by_example[:, ~np.isnan(by_example[0])]
    gains = {
        "search by string": by_string,
        "search by example": by_example,
        "agreement of reading and place": agreement,
    }
    scores = {name: _standard_score(one[1] - one[0]) for name, one in gains.items()}
    total = sum(scores.values()) / math.sqrt(len(scores))
    reason = _objection(scores, total)
    return Verdict(
        not reason,
        reason or f"better on the words held aside by {total:.1f} standard errors",
        len(groups), _means(by_string), _means(by_example), _means(agreement), total,
    )  # fmt: skip


def _objection(scores: Mapping[str, float], total: float) -> str:
    """Why the second model is not taken; empty where it is. `scores`: of each witness; `total`: of all."""
    worst = min(scores, key=scores.__getitem__)
    if scores[worst] < _LOSS:
        return f"{worst} is worse by {-scores[worst]:.1f} standard errors"
    if total < _SURE:
        return f"not surely better: by {total:.1f} standard errors, and {_SURE} are needed"
    return ""


def _standard_score(change: NDArray[np.floating[Any]]) -> float:
    """Mean in standard errors; 0 for fewer than two values or where nothing changed."""
    spread = float(change.std()) if len(change) > 1 else 0.0
    return float(change.mean()) * math.sqrt(len(change)) / spread if spread else 0.0


def _shared(one: Beliefs, other: Beliefs) -> list[str]:
    """The string that is likeliest for each word by the mean of both; empty where even that is not likely."""
    found = []
    for word in range(len(one.candidates)):
        chances = Counter[str]()
        for beliefs in (one, other):
            for place, chance in zip(beliefs.candidates[word].tolist(), beliefs.chances[word].tolist(), strict=True):
                chances[beliefs.words[place]] += chance / 2
        text, chance = chances.most_common(1)[0]
        found.append(text if chance > _LIKELY else "")
    return found


@dataclass(frozen=True)
class _Group:
    """Places of the words of one string."""

    aside: NDArray[np.int64]
    learned: NDArray[np.int64]


def _groups(labels: list[str], aside: int) -> dict[str, _Group]:
    """Of the strings that words aside bear."""
    places: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        if label and (place < aside or label in places):
            places.setdefault(label, []).append(place)
    arrays = {label: np.array(some, np.int64) for label, some in places.items()}
    return {label: _Group(some[some < aside], some[some >= aside]) for label, some in arrays.items()}


def _by_string(view: View, spelled: Mapping[str, Vectors], groups: dict[str, _Group]) -> NDArray[np.float64]:
    """Average precision of each string."""
    found = []
    for label, group in groups.items():
        scores = view.seen.vectors @ spelled[label]
        scores[group.learned] = -np.inf
        found.append(average_precision(scores, group.aside))
    return np.array(found)


def _by_example(vectors: Vectors, groups: dict[str, _Group]) -> NDArray[np.float64]:
    """Mean average precision of the words of each string, each itself left out; NaN for a string that occurs once."""
    return np.array([_among_fellows(vectors, group) for group in groups.values()])


def _among_fellows(vectors: Vectors, group: _Group) -> float:
    if len(group.aside) < 2:
        return math.nan
    found = []
    for query, row in zip(group.aside, vectors[group.aside] @ vectors.T, strict=True):
        row[query] = row[group.learned] = -np.inf
        found.append(average_precision(row, group.aside[group.aside != query]))
    return float(np.mean(found))


def _means(values: NDArray[np.floating[Any]]) -> tuple[float, float]:
    """Of before and after, float (2, n)."""
    before, after = values.mean(axis=1).tolist() if values.shape[1] else (0.0, 0.0)
    return before, after
