"""How similar a query is to words in general: what a similarity has to be compared with."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.index.vector_index import IndexFilter, VectorIndex

SAMPLE = 2_048
"""Words drawn to know the others by."""
_KEEP_TIMES = 1_000.0
"""A sample is kept so many times as long as it took to draw: a collection that is cheap to sample is known as it grows,
and drawing takes a thousandth of the time."""


@dataclass(frozen=True, slots=True)
class Background:
    """The similarities of one query to words drawn from what is searched."""

    middle: float
    """Median similarity."""
    spread: float
    """From the median down to the 16th percentile: one standard deviation, of the half that holds nothing asked for."""
    tail: float
    """From the median up to the 90th percentile, in standard deviations: more where much is like what is sought."""
    words: int
    """How many words are searched."""


def background(similarities: NDArray[np.float32], words: int) -> Background:
    """From float32 (n,) similarities of one query to drawn words, of so many."""
    if not len(similarities):
        return Background(0.0, 1.0, 0.0, words)
    low, middle, high = np.quantile(similarities, (0.1587, 0.5, 0.9)).tolist()
    spread = max(middle - low, 1e-3)
    return Background(middle, spread, (high - middle) / spread, words)


class Backgrounds:
    """Samples of vectors by set of collections, kept for a while. Threads may share it."""

    def __init__(self, index: VectorIndex) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._samples: dict[tuple[str, ...], tuple[float, NDArray[np.float32], int]] = {}
        """Collections -> until when it is kept, the sample, words."""

    def of(self, vector: NDArray[np.float32], collections: tuple[str, ...]) -> Background:
        """Background of a query vector among those collections; of all where none are named."""
        sample, words = self._sample(tuple(sorted(collections)))
        return background(np.einsum("nd,d->n", sample, vector), words)  # too small for the threads of a product

    def _sample(self, collections: tuple[str, ...]) -> tuple[NDArray[np.float32], int]:
        with self._lock:
            kept = self._samples.get(collections)
            started = time.monotonic()
            if kept is not None and started < kept[0]:
                return kept[1], kept[2]
            where = IndexFilter(collections=collections)
            sample, words = self._index.sample(SAMPLE, where), self._index.count(where)
            if len(self._samples) > 64:
                self._samples.clear()
            done = time.monotonic()
            self._samples[collections] = done + _KEEP_TIMES * (done - started), sample, words
            return sample, words
