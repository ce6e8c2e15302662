"""Batches of augmented words: drawn, spoiled and packed by a process beside the one that trains."""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from infra.errors import ModelError
from search.handwriting.alphabet import characters, fold
from search.handwriting.crops import pack
from search.handwriting.ink import Pixels
from search.training.augment import augment
from search.training.store import WordStore, draw_rates, open_store
from search.training.strings import near_misses


@dataclass(frozen=True)
class Batch:
    """Words sorted by width, in chunks that are padded to their own widest word."""

    chunks: tuple[NDArray[np.uint8], ...]
    """Each uint8 (n, HEIGHT, w), w a multiple of 8."""
    texts: tuple[str, ...]
    """As written, in the order of the chunks."""
    spellings: tuple[str, ...]
    """What the text tower is shown for each word: as written, or folded as in a loose search."""
    misses: tuple[str, ...]
    """Strings that no word of the batch spells."""


@dataclass(frozen=True)
class BatchPlan:
    """How batches are drawn."""

    size: int
    paired: float
    """Share of a batch drawn as second pictures of words already in it."""
    misses: int
    chunks: int
    seed: int


class WordSampler:
    """Draws words by frequency^-0.5 of their folded spelling in their own store, each store at its own rate."""

    def __init__(self, stores: Sequence[tuple[WordStore, float]], plan: BatchPlan) -> None:
        self.plan = plan
        self.stores = [store for store, _ in stores]
        self.owner = np.concatenate([np.full(len(s), i, np.int32) for i, s in enumerate(self.stores)])
        self.number = np.concatenate([np.arange(len(s), dtype=np.int32) for s in self.stores])
        folded = [fold(text) or text for store in self.stores for text in store.texts]
        _, self.label, counts = np.unique(np.array(folded), return_inverse=True, return_counts=True)
        weights = np.concatenate([draw_rates(store) * rate for store, rate in stores])
        self.sums = np.cumsum(weights)
        self.by_label = np.argsort(self.label, kind="stable")
        self.first = np.concatenate(([0], np.cumsum(counts)))

    def draw(self, number: int) -> Batch:
        """The batch of that number: the same one each time."""
        rng = np.random.default_rng((self.plan.seed, number))
        pairs = int(self.plan.size * self.plan.paired)
        words = np.searchsorted(self.sums, rng.random(self.plan.size - pairs) * self.sums[-1], side="right")
        labels = self.label[words[rng.permutation(len(words))[:pairs]]]
        counts = self.first[labels + 1] - self.first[labels]
        again = self.by_label[self.first[labels] + (rng.random(pairs) * counts).astype(np.int64)]
        words = np.concatenate((words, again))
        maps = [augment(self._ink(word), self._ink(int(rng.integers(len(self.sums)))), rng) for word in words]
        texts = [self.stores[self.owner[word]].texts[self.number[word]] for word in words]
        order = sorted(range(len(maps)), key=lambda i: maps[i].shape[1])
        texts = [texts[i] for i in order]
        spellings = [(fold(t) or t) if rng.random() < 0.5 else characters(t) for t in texts]
        misses = near_misses(spellings, self.plan.misses, rng)
        chunks = np.array_split(np.array(order), self.plan.chunks)
        packed = tuple(pack([maps[i] for i in chunk]) for chunk in chunks if len(chunk))
        return Batch(packed, tuple(texts), tuple(spellings), tuple(misses))

    def _ink(self, word: int) -> Pixels:
        store: WordStore = self.stores[self.owner[word]]
        return store.ink(int(self.number[word]))


def stream(folders: Sequence[tuple[Path, float]], plan: BatchPlan, first: int = 0) -> Generator[Batch]:
    """Batches from number `first` on, made by one process of their own, which ends with the iterator."""
    context = multiprocessing.get_context("spawn")
    batches: multiprocessing.Queue[Batch] = context.Queue(maxsize=4)
    process = context.Process(target=_produce, args=(tuple(folders), plan, first, batches), daemon=True)
    process.start()
    try:
        while True:
            try:
                yield batches.get(timeout=5.0)
            except queue.Empty:
                if not process.is_alive():
                    raise ModelError("the process that makes training batches died; see the messages above") from None
    finally:
        process.kill()
        process.join()


def _produce(
    folders: tuple[tuple[Path, float], ...], plan: BatchPlan, first: int, batches: multiprocessing.Queue[Batch]
) -> None:
    cv2.setNumThreads(1)
    sampler = WordSampler([(open_store(folder), rate) for folder, rate in folders], plan)
    number = first
    while multiprocessing.parent_process() is not None:
        batches.put(sampler.draw(number))
        number += 1
