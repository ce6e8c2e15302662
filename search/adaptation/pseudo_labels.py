"""Guessing what each word says, and how sure the guess is, with no transcription to learn from.

Three witnesses: how near a string is to the word in the common space, how well the reading head finds it there, and how
likely the string is before anything is seen. Candidates are strings of the lexicon, and what the head reads in the word
and in those most alike, so that words no list knows can be guessed. Beside them stands "something else", which gains
where the head finds none of them likely. Then words that look alike speak for each other, and words that stand beside
each other.

The weights were fitted once, on 2,000 words of each of four collections that the model was trained on, to make the
probabilities true; docs/adaptation.md has how true they are elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from open_clip.model import CustomTextCLIP

from search.adaptation.candidates import Seen, Vectors, fits, nearest
from search.adaptation.context import softmax, usual_neighbours, with_context
from search.adaptation.words import Strings, Words

FIT, NEARNESS = 0.55, 16.0
"""Weights of log-probability and cosine; those of what is known beforehand are in `words`."""
_ELSE, _ELSE_MASS, _ELSE_NEAREST = 11.0, 0.3, 1.5
"""Of "something else": a constant, the log of what the head leaves to other strings, the cosine of the nearest one."""
_NEIGHBOURS = 8
_TRUST = 0.4
"""Weight of what similar words say, beside what the word itself says."""
_TRUST_ELSE = -1.5
"""The same for "something else", about which they say nothing."""
_FAINT = 0.02
_NONE = -1e9
"""Logit of what cannot be."""
_UNKNOWN: NDArray[np.int64] = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Beliefs:
    """What n words may say: k candidates each, as places in one list of strings."""

    words: tuple[str, ...]
    """Folded strings."""
    vectors: Vectors
    """float32 (m, d): the strings, unit rows."""
    candidates: NDArray[np.int64]
    """(n, k) places in `words`, each place once a row or with no chance."""
    chances: NDArray[np.float32]
    """(n, k) probabilities; what a row lacks to 1 is that of something else."""
    agreement: NDArray[np.float64]
    """(n,) reciprocal place, among the strings of the lexicon nearest by vector, of the one that the reading head likes
    best."""

    @property
    def label(self) -> NDArray[np.int64]:
        """(n,) place of the likeliest string."""
        best: NDArray[np.int64] = np.take_along_axis(self.candidates, self.chances.argmax(axis=1)[:, None], 1)[:, 0]
        return best

    @property
    def confidence(self) -> NDArray[np.float32]:
        """(n,) its probability."""
        best: NDArray[np.float32] = self.chances.max(axis=1)
        return best

    def surer_than(self, least: float) -> NDArray[np.int64]:
        """Places of the words whose likeliest string has a probability of more than `least`."""
        return np.flatnonzero(self.confidence > least)


def believe(model: CustomTextCLIP, seen: Seen, words: Words, following: NDArray[np.int64] = _UNKNOWN) -> Beliefs:
    """Candidates of each word with their probabilities.

    `following`: (n,) place of the word that follows on the line, -1 for none; empty where lines are not known.
    """
    strings = words.with_readings(model, seen.readings)
    _, listed = nearest(seen.vectors, words.vectors)
    similar = nearest(seen.vectors, seen.vectors, _NEIGHBOURS + 1)
    candidates = np.hstack((listed, strings.readings[:, None], strings.readings[similar[1]]))
    fit = _fit(seen, strings, candidates)
    agreement = 1.0 / (1.0 + fit[:, : listed.shape[1]].argmax(axis=1))
    chances = _chances(seen.vectors, strings, candidates, fit, *similar)
    beliefs = Beliefs(strings.words, strings.vectors, candidates, chances[:, :-1], agreement)
    if not (following >= 0).any():
        return beliefs
    candidates = np.hstack((candidates, usual_neighbours(beliefs.label, beliefs.confidence, following)))
    fit = np.hstack((fit, _fit(seen, strings, candidates, since=fit.shape[1])))
    chances = with_context(candidates, _chances(seen.vectors, strings, candidates, fit, *similar), following)
    return replace(beliefs, candidates=candidates, chances=chances[:, :-1])


def _chances(
    vectors: Vectors, strings: Strings, candidates: NDArray[np.int64], fit: NDArray[np.float32],
    alike: Vectors, fellows: NDArray[np.int64],
) -> NDArray[np.float32]:  # fmt: skip
    """(n, k + 1): of each candidate, and last of something else, by the word itself and by those most similar."""
    return _with_neighbours(candidates, softmax(_logits(vectors, strings, candidates, fit)), alike, fellows)


def _fit(seen: Seen, strings: Strings, candidates: NDArray[np.int64], since: int = 0) -> NDArray[np.float32]:
    """(n, k - since) log-probability of the candidates in columns from `since` on; -1e9 for what is no candidate: an
    empty string, or one that stands in its row before."""
    possible = _first_of_each(candidates) & np.array([bool(word) for word in strings.words])[candidates]
    possible, later = possible[:, since:], candidates[:, since:]
    fit = np.full(later.shape, _NONE, np.float32)
    owners, _ = np.nonzero(possible)
    fit[possible] = fits(seen, owners.tolist(), [strings.words[place] for place in later[possible]])
    return fit


def _first_of_each(candidates: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool (n, k): whether a place has not stood in its row before."""
    order = np.argsort(candidates, axis=1, kind="stable")
    ordered = np.take_along_axis(candidates, order, 1)
    first = np.ones(candidates.shape, bool)
    np.put_along_axis(first, order[:, 1:], ordered[:, 1:] != ordered[:, :-1], 1)
    return first


def _logits(
    vectors: Vectors, strings: Strings, candidates: NDArray[np.int64], fit: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n, k + 1): of each candidate, and last of something else. `fit` is -1e9 for what is no candidate."""
    cosines = np.stack([strings.vectors[row] @ vector for row, vector in zip(candidates, vectors, strict=True)])
    logits = FIT * fit + NEARNESS * cosines + strings.prior[candidates]
    left = 1.0 - np.minimum(np.exp(fit).sum(axis=1), 1.0 - 1e-4)
    other = _ELSE + _ELSE_MASS * np.log(left) + _ELSE_NEAREST * cosines.max(axis=1)
    return np.hstack((logits, other[:, None])).astype(np.float32)


def _with_neighbours(
    candidates: NDArray[np.int64], chances: NDArray[np.float32], alike: Vectors, fellows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Each word's probabilities times a power of what the most similar other words give its candidates."""
    itself = fellows == np.arange(len(fellows))[:, None]
    weights = softmax(20.0 * np.where(itself, -1.0, alike))
    said = np.zeros(candidates.shape, np.float32)
    for weight, fellow in zip(weights.T, fellows.T, strict=True):
        same = candidates[:, :, None] == candidates[fellow][:, None, :]
        said += weight[:, None] * (same * chances[fellow][:, None, :-1]).sum(axis=2)
    logits = np.log(np.maximum(chances, 1e-12))
    logits[:, :-1] += _TRUST * np.log(said + _FAINT)
    logits[:, -1] += _TRUST_ELSE
    return softmax(logits)
