"""What a round of fine-tuning learns from, and how its batches are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search.adaptation.candidates import Vectors
from search.adaptation.pseudo_labels import Beliefs
from search.handwriting.ink import Pixels
from search.training.augment import augment

Rng = np.random.Generator


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

    def text(self, place: int) -> str:
        """The guess for a word."""
        return self.beliefs.words[int(self.label[place])]

    def draw(self, labelled: int, paired: float, others: int, rng: Rng) -> NDArray[np.int64]:
        """Places of `labelled` words with sure guesses, the share `paired` of them second pictures of a string, then of
        `others` of any kind."""
        pairs = int(labelled * paired)
        drawn = np.searchsorted(self._sums, rng.random(labelled - pairs) * self._sums[-1], side="right")
        first = self.sure[drawn]
        again = [int(rng.choice(self._fellows[int(self.label[place])])) for place in first[:pairs]]
        return np.concatenate((first, again, rng.integers(self.aside, len(self.inks), size=others))).astype(np.int64)

    def spoiled(self, place: int, seed: int) -> Pixels:
        """A word's ink as another pen and another scanner might have given it: uint8 (HEIGHT, w)."""
        rng = np.random.default_rng(seed)
        return augment(self.inks[place], self.inks[int(rng.integers(len(self.inks)))], rng)

    def _rates(self) -> NDArray[np.float64]:
        """Rare strings often enough: frequency^-0.5, times the confidence of the guess."""
        labels = self.label[self.sure]
        _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
        return np.asarray(counts[inverse] ** -0.5 * self.beliefs.confidence[self.sure], np.float64)
