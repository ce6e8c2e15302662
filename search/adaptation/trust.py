"""Whether the confidences of the model an adapted one came from hold for it, measured on words with known text."""

from __future__ import annotations

from pathlib import Path

import torch

from search.embedding.handwriting import HandwritingEmbedder
from search.engine.calibration.fit import text_vectors
from search.engine.calibration.reliability import reliability
from search.engine.calibration.trials import trials
from search.engine.calibration.word_set import read_word_set
from search.engine.confidence import ConfidenceModel, Kind

_WORDS, _OTHER_WORDS, _QUERIES = 4000, 1000, 300
_KINDS: dict[str, Kind] = {"string": "text", "example": "image"}


@torch.no_grad()
def errors(file: Path, other: Path, embedder: HandwritingEmbedder, confidence: ConfidenceModel) -> dict[str, float]:
    """Expected calibration error over hits of 0.1 and more, of searches by string and by example in `file`.

    `other`: another file of words, half of the searches, for what is not there. Without hits of 0.1: 0.
    """
    own = read_word_set(file, embedder, most=_WORDS)
    absent = [read_word_set(other, embedder, most=_OTHER_WORDS)]
    found = {}
    for name, kind in _KINDS.items():
        asked = list(trials(own, absent, text_vectors(embedder), kind, queries=_QUERIES))
        judged = reliability(asked, [confidence.probabilities(one.similarities, one.asked) for one in asked])
        found[name] = judged.error_shown or 0.0
    return found
