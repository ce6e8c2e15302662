"""Telling a better model from a worse one without labels, on words of the collection that no round has learned from.

Two models are compared on the words about which they agree: both guess the same string there, each from its own vectors
and its own reading. Such a label favours neither, and each model is asked for the words aside that bear it, by string
and by example, among all words of the collection, as a search is; words learned from that bear it too are left out of
that ranking. Beside it: how often, on the words aside, the string nearest by vector is also the one the reading head
likes best, two parts of a model that nothing forces to agree on words they have not seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.adaptation.candidates import Seen, Vectors
from search.adaptation.pseudo_labels import Beliefs
from search.evaluation.average_precision import average_precision

LEAST_QUERIES = 40
"""Strings on which both models agree; on fewer nothing is decided."""
_SURE = 2.0
"""Standard errors by which the mean over strings must have risen, by string and by example added up."""
_WORST = -0.005
"""Change of a part that is still no loss."""


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
    """Mean average precision on the words both agree about: before, after."""
    by_example: tuple[float, float]
    agreement: tuple[float, float]
    """Share of words whose nearest string is also the one that the reading head likes best."""

    @property
    def gain(self) -> float:
        """What one model has over the other, by string and by example alike."""
        return self.by_string[1] - self.by_string[0] + self.by_example[1] - self.by_example[0]


def compare(before: View, after: View, aside: int) -> Verdict:
    """Whether the second model is surely better by the first `aside` words, and why or why not."""
    groups = _groups(_agreed(before.beliefs, after.beliefs), aside)
    same = [_agrees(view)[:aside].astype(np.float64) for view in (before, after)]
    agreement = _mean(same[0]), _mean(same[1])
    if len(groups) < LEAST_QUERIES:
        reason = f"only {len(groups)} strings both models agree about, of the {LEAST_QUERIES} a comparison needs"
        return Verdict(False, reason, len(groups), (0.0, 0.0), (0.0, 0.0), agreement)
    strings = [_by_string(view, groups) for view in (before, after)]
    examples = [_by_example(view.seen.vectors, groups) for view in (before, after)]
    repeated = ~np.isnan(examples[0])
    by_string = float(strings[0].mean()), float(strings[1].mean())
    by_example = _mean(examples[0][repeated]), _mean(examples[1][repeated])
    gain = strings[1] - strings[0] + np.where(repeated, examples[1] - examples[0], 0.0)
    reason = _objection(gain, by_string, by_example, same[1] - same[0])
    return Verdict(
        not reason, reason or "better on the words held aside", len(groups), by_string, by_example, agreement
    )


def _objection(
    gain: NDArray[np.float64],
    by_string: tuple[float, float],
    by_example: tuple[float, float],
    same: NDArray[np.float64],
) -> str:
    """Why the second model is not taken; empty where it is. `gain`: of each string; `same`: change of each word."""
    if gain.mean() <= _SURE * _error(gain):
        return f"search is not surely better: {gain.mean():+.3f} with a standard error of {_error(gain):.3f}"
    if by_string[1] - by_string[0] < _WORST:
        return f"search by string is worse: {by_string[1] - by_string[0]:+.3f}"
    if by_example[1] - by_example[0] < _WORST:
        return f"search by example is worse: {by_example[1] - by_example[0]:+.3f}"
    if same.mean() < -_SURE * _error(same):
        return f"reading and embedding agree less: {same.mean():+.3f}"
    return ""


def _error(values: NDArray[np.float64]) -> float:
    """Standard error of their mean."""
    return float(values.std()) / math.sqrt(len(values))


def _agreed(one: Beliefs, other: Beliefs) -> list[str]:
    """The string both models guess for each word; empty where they differ."""
    pairs = zip(one.label, other.label, strict=True)
    texts = [(one.words[a], other.words[b]) for a, b in pairs]
    return [a if a == b else "" for a, b in texts]


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


def _by_string(view: View, groups: dict[str, _Group]) -> NDArray[np.float64]:
    """Average precision of each string."""
    vectors = {view.beliefs.words[place]: view.beliefs.vectors[place] for place in np.unique(view.beliefs.label)}
    found = []
    for label, group in groups.items():
        scores = view.seen.vectors @ vectors[label]
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


def _agrees(view: View) -> NDArray[np.bool_]:
    return np.asarray(view.beliefs.nearest == view.beliefs.fittest)


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else 0.0
