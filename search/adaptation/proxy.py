"""Telling a better model from a worse one without labels, on words of the collection that no round has learned from.

Two models are compared on the words about which they agree: both guess the same string there, each from its own vectors
and its own reading. Such a label favours neither, and each model is asked to rank all words by it, by string and by
example. Beside it: how often the string nearest by vector is also the one the reading head likes best, two parts of a
model that nothing forces to agree on words they have not seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.adaptation.candidates import Seen, Vectors
from search.adaptation.pseudo_labels import Beliefs
from search.evaluation.average_precision import average_precision

LEAST_QUERIES = 40
"""Strings on which both models agree; on fewer nothing is decided."""
_SURE = 2.0
"""Standard errors by which the mean must have risen."""
_WORST = -0.005
"""Change of a part that is still no loss."""


@dataclass(frozen=True)
class View:
    """What one model makes of the words held aside."""

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


def compare(before: View, after: View) -> Verdict:
    """Whether the second model is surely better, and why or why not."""
    labels = _agreed(before.beliefs, after.beliefs)
    groups = _groups(labels)
    agreement = _agreement(before), _agreement(after)
    if len(groups) < LEAST_QUERIES:
        reason = f"only {len(groups)} strings both models agree about, of the {LEAST_QUERIES} a comparison needs"
        return Verdict(False, reason, len(groups), (0.0, 0.0), (0.0, 0.0), agreement)
    strings = [_by_string(view, groups) for view in (before, after)]
    examples = [_by_example(view.seen.vectors, groups) for view in (before, after)]
    by_string = float(strings[0].mean()), float(strings[1].mean())
    by_example = _mean(examples[0]), _mean(examples[1])
    reason = _objection(strings, by_example, agreement)
    return Verdict(
        not reason, reason or "better on the words held aside", len(groups), by_string, by_example, agreement
    )


def _objection(
    strings: list[NDArray[np.float64]], by_example: tuple[float, float], agreement: tuple[float, float]
) -> str:
    """Why the second model is not taken; empty where it is."""
    gain = strings[1] - strings[0]
    error = float(gain.std()) / math.sqrt(len(gain))
    if gain.mean() <= _SURE * error:
        return f"search by string is not surely better: {gain.mean():+.3f} with a standard error of {error:.3f}"
    if by_example[1] - by_example[0] < _WORST:
        return f"search by example is worse: {by_example[1] - by_example[0]:+.3f}"
    if agreement[1] - agreement[0] < _WORST:
        return f"reading and embedding agree less: {agreement[1] - agreement[0]:+.3f}"
    return ""


def _agreed(one: Beliefs, other: Beliefs) -> list[str]:
    """The string both models guess for each word; empty where they differ."""
    pairs = zip(one.label, other.label, strict=True)
    texts = [(one.words[a], other.words[b]) for a, b in pairs]
    return [a if a == b else "" for a, b in texts]


def _groups(labels: list[str]) -> dict[str, NDArray[np.int64]]:
    places: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        if label:
            places.setdefault(label, []).append(place)
    return {label: np.array(some, np.int64) for label, some in places.items()}


def _by_string(view: View, groups: dict[str, NDArray[np.int64]]) -> NDArray[np.float64]:
    """Average precision of each string."""
    vectors = {view.beliefs.words[place]: view.beliefs.vectors[place] for place in np.unique(view.beliefs.label)}
    scores = np.stack([vectors[label] for label in groups]) @ view.seen.vectors.T
    return np.array([average_precision(row, places) for row, places in zip(scores, groups.values(), strict=True)])


def _by_example(vectors: Vectors, groups: dict[str, NDArray[np.int64]]) -> NDArray[np.float64]:
    """Average precision of each word of a string that occurs twice or more, itself left out."""
    found = []
    for places in groups.values():
        if len(places) < 2:
            continue
        for query, row in zip(places, vectors[places] @ vectors.T, strict=True):
            row[query] = -np.inf
            found.append(average_precision(row, places[places != query]))
    return np.array(found)


def _agreement(view: View) -> float:
    return float(np.mean(view.beliefs.nearest == view.beliefs.fittest)) if len(view.beliefs.nearest) else 0.0


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 0.0
