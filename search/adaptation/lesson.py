"""What a round of fine-tuning learns from, and how its batches are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search.adaptation.candidates import Vectors, nearest
from search.adaptation.pseudo_labels import Beliefs
from search.handwriting.ink import Pixels
from search.training.augment import augment

Rng = np.random.Generator

_CLOSE = 0.5
"""Share of the words drawn for their guesses that are drawn because they look like another but say something else."""
_LOOKALIKES = 40
"""Words among which those are sought."""
_POSSIBLE = 0.02
"""Probability from which a string may be what a word says, so that they are not driven apart."""


class Lesson:
    """The ink of n words, their guessed strings, and which guesses are taken for true."""

    def __init__(
        self, inks: Sequence[Pixels], beliefs: Beliefs, sure: NDArray[np.int64], former: Vectors, aside: int = 0
    ) -> None:
        """`inks`: what `raw_ink` gives; `sure`: places of words; `former`: float32 (n, d), where the model has them.

        `aside`: so many words at the beginning are never drawn; none of them may be among the sure ones.
        """
        self.inks, self.beliefs, self.sure, self.former, self.aside = inks, beliefs, sure, former, aside
        self.label = beliefs.label
        self._sums: NDArray[np.float64] = np.cumsum(self._rates())
        order = sure[np.argsort(self.label[sure], kind="stable")]
        groups = np.split(order, np.flatnonzero(np.diff(self.label[order])) + 1)
        self._fellows = {int(self.label[places[0]]): places for places in groups if len(places)}
        self._lookalikes = sure[nearest(former[sure], former[sure], _LOOKALIKES)[1]]
        self._row = {place: row for row, place in enumerate(sure.tolist())}

    def text(self, place: int) -> str:
        """The guess for a word."""
        return self.beliefs.words[int(self.label[place])]

    def draw(self, labelled: int, paired: float, others: int, rng: Rng) -> NDArray[np.int64]:
        """Places of `labelled` words with sure guesses, the share `paired` of them second pictures of a string, then of
        `others` of any kind."""
        pairs = int(labelled * paired)
        drawn = np.searchsorted(self._sums, rng.random(labelled - pairs) * self._sums[-1], side="right")
        first = self.sure[drawn]
        close = int(len(first) * _CLOSE)
        first[len(first) - close :] = [self._lookalike(place, rng) for place in first[:close].tolist()]
        again = [int(rng.choice(self._fellows[int(self.label[place])])) for place in first[:pairs]]
        return np.concatenate((first, again, rng.integers(self.aside, len(self.inks), size=others))).astype(np.int64)

    def strings(self, words: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places of strings, each once and rising: all candidates of these words, guesses included, and `others`."""
        return np.unique(np.append(self.beliefs.candidates[words], others))

    def possible(self, words: NDArray[np.int64], strings: NDArray[np.int64]) -> NDArray[np.bool_]:
        """bool (n, m): which of the strings, as `strings` gives them of these words, each word may say."""
        at = np.searchsorted(strings, self.beliefs.candidates[words])
        row, column = np.nonzero(self.beliefs.chances[words] >= _POSSIBLE)
        found = np.zeros((len(words), len(strings)), np.bool_)
        found[row, at[row, column]] = True
        return found

    def _lookalike(self, place: int, rng: Rng) -> int:
        """One of the words most alike that is taken for another string; the word itself where there is none."""
        alike = self._lookalikes[self._row[place]]
        others = alike[self.label[alike] != self.label[place]]
        return int(rng.choice(others)) if len(others) else place

    def spoiled(self, place: int, seed: int) -> Pixels:
        """A word's ink as another pen and another scanner might have given it: uint8 (HEIGHT, w)."""
        rng = np.random.default_rng(seed)
        return augment(self.inks[place], self.inks[int(rng.integers(len(self.inks)))], rng)

    def _rates(self) -> NDArray[np.float64]:
        """Rare strings often enough: frequency^-0.5, times the confidence of the guess."""
        labels = self.label[self.sure]
        _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
        return np.asarray(counts[inverse] ** -0.5 * self.beliefs.confidence[self.sure], np.float64)
