"""Guessing what each word says, and how sure the guess is, with no transcription to learn from.

Three witnesses: how near a string is to the word in the common space, how well the reading head finds it there, and how
common it is. What the head reads by itself stands as a candidate too, so that words no list knows can be guessed. Then
words that look alike speak for each other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from open_clip.model import CustomTextCLIP

from search.adaptation.candidates import Seen, Vectors, fits, nearest, spell_out
from search.adaptation.lexicon import Lexicon

FIT, NEARNESS, SHARE = 0.4, 30.0, 0.6
"""Weights of the three witnesses: log-probability, cosine, log-share."""
_UNLISTED = -22.0
"""Log-share of a string that only the reading head proposes."""
_NEIGHBOURS = 8
_TRUST = 1.0
"""Weight of what similar words say, beside what the word itself says."""
_FAINT = 0.02
_OWN_TIMES = 2
_OWN_LETTERS = 3


@dataclass(frozen=True)
class Beliefs:
    """What n words may say: k candidates each, as places in one list of strings."""

    words: tuple[str, ...]
    """Folded strings."""
    vectors: Vectors
    """float32 (m, d): the strings, unit rows."""
    candidates: NDArray[np.int64]
    """(n, k) places in `words`."""
    chances: NDArray[np.float32]
    """(n, k) probabilities, rows sum to 1."""
    nearest: NDArray[np.int64]
    """(n,) place of the string nearest by vector."""
    fittest: NDArray[np.int64]
    """(n,) place of the candidate of the lexicon that the reading head likes best."""

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

    def surest(self, share: float) -> NDArray[np.int64]:
        """Places of the surest `share` of the words, those without any letters left out."""
        order = np.argsort(-self.confidence, kind="stable")[: int(len(self.chances) * share)]
        return np.sort(order[np.array([bool(self.words[self.label[place]]) for place in order], bool)])


def own_words(seen: Seen) -> list[str]:
    """Readings that recur in the collection: names and spellings that no list of a language knows."""
    counts = Counter(seen.readings)
    return [word for word, times in counts.items() if times >= _OWN_TIMES and len(word) >= _OWN_LETTERS]


def believe(model: CustomTextCLIP, seen: Seen, lexicon: Lexicon, spelled: Vectors) -> Beliefs:
    """Candidates of each word with their probabilities. `spelled`: `spell_out` of the lexicon's words."""
    words, strings, readings = _with_readings(model, seen, lexicon, spelled)
    shares = np.full(len(words), _UNLISTED, np.float32)
    shares[: len(lexicon)] = lexicon.log_share
    cosines, candidates = nearest(seen.vectors, spelled)
    own = np.einsum("nd,nd->n", seen.vectors, strings[readings])[:, None]
    known = (candidates == readings[:, None]).any(axis=1)
    cosines, candidates = np.hstack((cosines, own)), np.hstack((candidates, readings[:, None]))
    owners = np.repeat(np.arange(len(candidates)), candidates.shape[1])
    fit = fits(seen, owners.tolist(), [words[place] for place in candidates.ravel()]).reshape(candidates.shape)
    logits = FIT * fit + NEARNESS * cosines + SHARE * shares[candidates]
    logits[known, -1] = -np.inf
    fittest = np.take_along_axis(candidates, fit[:, :-1].argmax(axis=1)[:, None], 1)[:, 0]
    beliefs = Beliefs(words, strings, candidates, _softmax(logits), candidates[:, 0], fittest)
    return _with_neighbours(beliefs, seen.vectors)


def _with_readings(
    model: CustomTextCLIP, seen: Seen, lexicon: Lexicon, spelled: Vectors
) -> tuple[tuple[str, ...], Vectors, NDArray[np.int64]]:
    """The lexicon and the readings it lacks as one list, and each word's reading as a place in it."""
    places = {word: place for place, word in enumerate(lexicon.words)}
    new = [reading for reading in dict.fromkeys(seen.readings) if reading not in places]
    places |= {reading: len(lexicon) + place for place, reading in enumerate(new)}
    strings = np.concatenate((spelled, spell_out(model, new))) if new else spelled
    return (*lexicon.words, *new), strings, np.array([places[reading] for reading in seen.readings], np.int64)


def _with_neighbours(beliefs: Beliefs, vectors: Vectors) -> Beliefs:
    """Each word's probabilities times the mean of those that the most similar other words give its candidates."""
    similar, places = nearest(vectors, vectors, _NEIGHBOURS + 1)
    weights = _softmax(20.0 * np.where(places == np.arange(len(places))[:, None], -1.0, similar))
    said = np.zeros_like(beliefs.chances)
    for weight, place in zip(weights.T, places.T, strict=True):
        same = beliefs.candidates[:, :, None] == beliefs.candidates[place][:, None, :]
        said += weight[:, None] * (same * beliefs.chances[place][:, None, :]).sum(axis=2)
    logits = np.log(np.maximum(beliefs.chances, 1e-9)) + _TRUST * np.log(said + _FAINT)
    return replace(beliefs, chances=_softmax(logits))


def _softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
