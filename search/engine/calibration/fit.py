"""Fitting confidences, and measuring them on collections that the fit has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]

from search.embedding.embedder import Embedder
from search.engine.calibration.reliability import Reliability, reliability
from search.engine.calibration.trials import TextVectors, Trial, trials
from search.engine.calibration.word_set import WordSet, read_word_set
from search.engine.confidence import BY_EXAMPLE, GENERAL, ConfidenceModel, Kind, features
from search.engine.expression import Term
from search.engine.reading import READS
from search.engine.sought import spellings

KINDS: tuple[Kind, ...] = ("text", "read", "loose", "image", "image_read")
_RISING = 4
"""The first features, with which confidence never falls."""
_FIRST_WEIGHT = 10.0
"""Of the first hit of a search, as against each of the others: it is the one that is looked at."""
_SMALL = 1e-4
"""Weight of the squared coefficients in the loss, for features of unit variance."""


@dataclass(frozen=True)
class Calibration:
    """A model fitted on all collections, and what models fitted without each one say about that one."""

    model: ConfidenceModel
    held_out: dict[Kind, dict[str, Reliability]]
    """Kind -> collection left out of the fit -> how its confidences hold."""


def fit_confidence(
    embedder: Embedder, paths: Sequence[Path], *, queries: int = 400, most_words: int | None = None, seed: int = 0
) -> Calibration:
    """Fit on the words of Parquet files (columns `image` and `text`), one collection each; two or more.

    `queries`: searches a collection, size and kind; `most_words`: drawn from each file. Raises InputError, ModelError.
    """
    sets = [read_word_set(path, embedder, most=most_words, seed=seed) for path in paths]
    return fit_word_sets(sets, text_vectors(embedder), embedder.space.digest, queries=queries, seed=seed)


def fit_word_sets(
    sets: Sequence[WordSet], vectors: TextVectors, digest: str, *, queries: int, seed: int = 0
) -> Calibration:
    """The same from words that are embedded already. `digest`: of the checkpoint."""
    if len(sets) < 2:
        raise ValueError("confidences are fitted on at least two collections, as each is measured by a fit without it")
    weights: dict[str, list[float]] = {}
    held_out: dict[Kind, dict[str, Reliability]] = {}
    for kind in KINDS:
        if kind in READS.values() and not all(one.readings.all() for one in sets):
            weights[kind] = GENERAL.weights[kind]
            continue
        asked = [
            list(
                trials(
                    one, [other for other in sets if other is not one], vectors, kind, queries=queries, seed=seed + i
                )
            )
            for i, one in enumerate(sets)
        ]
        weights[kind] = _fit([trial for some in asked for trial in some])
        held_out[kind] = {
            one.name: _measure(kind, [trial for other in asked if other is not own for trial in other], own)
            for one, own in zip(sets, asked, strict=True)
        }
    report = {kind: {name: asdict(found) for name, found in by_set.items()} for kind, by_set in held_out.items()}
    return Calibration(ConfidenceModel(digest, weights, {"left_out": report, "queries": queries}), held_out)


def text_vectors(embedder: Embedder) -> TextVectors:
    """Typed words as vectors, the way the engine asks for them."""

    def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
        forms = [spellings(Term(text)) for text in texts]
        rows = embedder.embed_texts([form for several in forms for form in several])
        ends = np.cumsum([len(several) for several in forms])
        means = np.stack([part.mean(axis=0) for part in np.split(rows, ends[:-1])])
        return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), np.float32)

    return vectors


def _measure(kind: Kind, fitted_on: list[Trial], measured_on: list[Trial]) -> Reliability:
    model = ConfidenceModel("", {kind: _fit(fitted_on)})
    return reliability(measured_on, [model.probabilities(trial.similarities, trial.asked) for trial in measured_on])


def _fit(asked: list[Trial]) -> list[float]:
    """Intercept and weights by maximum likelihood."""
    rows = np.concatenate([features(trial.similarities, trial.asked) for trial in asked])
    right = np.concatenate([trial.right for trial in asked]).astype(np.float64)
    counts = np.concatenate([[_FIRST_WEIGHT] + [1.0] * (len(trial.right) - 1) for trial in asked])
    counts /= counts.sum()
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    design = np.column_stack((np.ones(len(rows)), (rows - middle) / spread))

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logit = design @ weights
        value = counts @ (np.logaddexp(0, logit) - right * logit) + _SMALL * np.sum(weights[1:] ** 2)
        gradient = design.T @ (counts * (1 / (1 + np.exp(-logit)) - right))
        gradient[1:] += 2 * _SMALL * weights[1:]
        return float(value), gradient

    bounds: list[tuple[float | None, float | None]] = [(None, None)] * design.shape[1]
    bounds[1 : 1 + _RISING] = [(0.0, None)] * _RISING
    if asked[0].asked.kind in BY_EXAMPLE:
        bounds[3:5] = [(0.0, 0.0)] * 2  # an example that is in the index is its own best hit
    found = minimize(loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x
    scaled = found[1:] / spread
    return [float(found[0] - scaled @ middle), *map(float, scaled)]
