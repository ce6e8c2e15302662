"""From a similarity to the probability that the word is what was asked.

A logistic model of the similarity, its distance from the background of the same query and from the best hit, whether it
is the best, the length of what is asked, the number of words searched, and what that background is like. Platt,
"Probabilistic Outputs for Support Vector Machines", 1999. Its coefficients belong to one checkpoint; for any other
model a general rule serves, and the result says so.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from infra.errors import ModelError
from search.engine.background import Background

Kind = Literal["text", "read", "loose", "image", "image_read"]
"""Asked by spelling, by spelling with the words found read, by spelling with near ones counted as found, by example, by
example with it and the words found read."""

BY_EXAMPLE: frozenset[Kind] = frozenset(("image", "image_read"))
Probabilities = NDArray[np.float64]
SHIPPED = Path(__file__).with_name("confidence.json")
_LEAST, _MOST = 1e-12, 1 - 1e-6
"""Never impossible and never certain, and far enough apart that the order of unlikely hits survives."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a query bears on confidence."""

    kind: Kind
    letters: float
    """Letters and digits of the word; 0 for an example that is not read."""
    background: Background
    best: float | None = None
    """Similarity of the nearest word of all; None: of the ones that are judged together."""


FEATURES = ("similarity", "distance", "margin", "first", "letters", "words", "middle", "tail")
"""Similarity; standard deviations above the background; how far below the best hit, 0 or less; 1 for the best hit, else
0; log of 1 + letters; log10 of the words searched; median and tail of the background."""
_EQUAL = 1e-6
"""Similarities of one word as computed in two ways differ by less."""


def features(similarities: NDArray[np.float64], asked: Asked) -> NDArray[np.float64]:
    """float64 (n,) -> float64 (n, 8), columns as FEATURES."""
    background = asked.background
    best = asked.best if asked.best is not None else float(np.max(similarities, initial=-1.0))
    rows = np.empty((len(similarities), len(FEATURES)))
    rows[:, 0] = similarities
    rows[:, 1] = (similarities - background.middle) / background.spread
    rows[:, 2] = np.minimum(similarities - best, 0.0)
    rows[:, 3] = similarities >= best - _EQUAL
    rows[:, 4] = math.log(1 + asked.letters)
    rows[:, 5] = math.log10(max(background.words, 1))
    rows[:, 6] = background.middle
    rows[:, 7] = background.tail
    return rows


@dataclass(frozen=True)
class ConfidenceModel:
    """Coefficients for each kind of query: an intercept and one weight a feature."""

    digest: str
    """Of the checkpoint it was fitted for; empty: the general rule."""
    weights: dict[str, list[float]]
    report: dict[str, object] = field(default_factory=dict)
    """How it was fitted and how well it holds."""

    def probabilities(self, similarities: NDArray[np.float64], asked: Asked) -> Probabilities:
        """float64 (n,), above 0 and below 1, rising with the similarity."""
        weights = np.asarray(self.weights[asked.kind])
        logit = weights[0] + features(np.asarray(similarities, np.float64), asked) @ weights[1:]
        chances: Probabilities = np.clip(1 / (1 + np.exp(-np.clip(logit, -50, 50))), _LEAST, _MOST)
        return chances

    def save(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


_GENERAL = [-9.0, 6.0, 0.9, 8.0, 0.0, 0.3, -0.3, 0.0, 0.0]
GENERAL = ConfidenceModel(
    "", {kind: _GENERAL for kind in ("text", "read", "image", "image_read")} | {"loose": [-8.0, *_GENERAL[1:]]}
)
"""For models without coefficients of their own: a word has to stand well above the background and near to the best."""


def load_confidence(digest: str, path: Path = SHIPPED) -> ConfidenceModel:
    """The shipped model if it was fitted for that checkpoint, else the general rule. ModelError for a damaged file."""
    if not path.is_file():
        return GENERAL
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        model = ConfidenceModel(content["digest"], content["weights"], content["report"])
        if model.weights.keys() != GENERAL.weights.keys():
            raise ValueError(f"it is not of {', '.join(GENERAL.weights)}")
        if any(len(weights) != 1 + len(FEATURES) for weights in model.weights.values()):
            raise ValueError(f"there is not one weight for each of {', '.join(FEATURES)}")
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} is no confidence model: {error}; fit it again: python -m search.engine.calibration"
        ) from error
    return model if model.digest == digest else GENERAL
