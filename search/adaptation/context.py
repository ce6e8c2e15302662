"""Words that follow each other speak for each other: whoever writes formulas writes them again.

Which strings follow which is counted in the collection itself, over the guesses for all words, each as much as it is
believed. A pair of neighbours is never counted for itself, so that a wrong pair of guesses does not prove itself right.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LIKELIEST = 8
"""Candidates of a word that count."""
_PRIOR = 0.3
"""Pairs that count as seen beforehand, where chance would have brought as many: keeps rare pairs from saying much."""
_ROUNDS = 2
"""What is counted is believed more, and counted again."""
_USUAL = 6
"""Strings that stand beside one most often."""

Chances = NDArray[np.float32]


def with_context(candidates: NDArray[np.int64], chances: Chances, following: NDArray[np.int64]) -> Chances:
    """Each word's probabilities times how much more often than by chance its neighbours are what they are beside it.

    `candidates`: (n, k) places of strings, `chances`: (n, k + 1) with those of something else, which context does not
    speak about, as the last; `following`: (n,) place of the word that follows on the line, -1 for none.
    """
    first = np.flatnonzero(following >= 0)
    likeliest = np.argsort(-chances[:, :-1], axis=1, kind="stable")[:, :_LIKELIEST]
    some, own = np.take_along_axis(candidates, likeliest, 1), np.take_along_axis(chances, likeliest, 1)
    logits, alone = np.log(np.maximum(chances, 1e-12)), chances
    for _ in range(_ROUNDS):
        told = logits.copy()
        at = np.take_along_axis(told, likeliest, 1)
        for places, message in _messages(some, own, first, following[first]):
            np.add.at(at, places, message)
        np.put_along_axis(told, likeliest, at, 1)
        alone = softmax(told)
        own = np.take_along_axis(alone, likeliest, 1)
    return alone


def usual_neighbours(labels: NDArray[np.int64], sure: Chances, following: NDArray[np.int64]) -> NDArray[np.int64]:
    """What each of n words would be if it were what its neighbours usually stand beside: (n, 12) places of strings.

    `labels`: (n,) places of the likeliest strings, `sure`: (n,) their probabilities. Where nothing is usual, its own.
    """
    first = np.flatnonzero(following >= 0)
    second, found = following[first], np.repeat(labels[:, None], 2 * _USUAL, 1)
    weight = sure[first] * sure[second]
    found[second, :_USUAL] = _most_often(labels[first], labels[second], weight)
    found[first, _USUAL:] = _most_often(labels[second], labels[first], weight)
    return found


def _most_often(of: NDArray[np.int64], beside: NDArray[np.int64], weight: Chances) -> NDArray[np.int64]:
    """(pairs, 6): of each pair, what stands beside its first string most often, the same again where there is less."""
    strings = int(max(of.max(initial=0), beside.max(initial=0))) + 1
    keys, key = np.unique(of * strings + beside, return_inverse=True)
    rows = keys // strings
    order = np.lexsort((-np.bincount(key, weight, len(keys)), rows))
    starts, ends = np.searchsorted(rows, of), np.searchsorted(rows, of, side="right")
    ranked = np.minimum(starts[:, None] + np.arange(_USUAL), ends[:, None] - 1)
    return np.asarray(keys[order][ranked] % strings, np.int64)


def _messages(
    some: NDArray[np.int64], own: Chances, first: NDArray[np.int64], second: NDArray[np.int64]
) -> tuple[tuple[NDArray[np.int64], Chances], tuple[NDArray[np.int64], Chances]]:
    """Places of words with what to add to the logits (n, k) of their candidates: from the left, from the right."""
    surplus = _ratios(some, own, first, second) - 1.0
    from_left = np.log1p(np.einsum("ni,nij->nj", own[first], surplus))
    from_right = np.log1p(np.einsum("nj,nij->ni", own[second], surplus))
    return (second, from_left), (first, from_right)


def _ratios(
    some: NDArray[np.int64], own: Chances, first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(pairs, k, k): how much more often than by chance a candidate of the first stands before one of the second."""
    strings = int(some.max()) + 1
    keys, key = np.unique(some[first][:, :, None] * strings + some[second][:, None, :], return_inverse=True)
    joint = own[first][:, :, None] * own[second][:, None, :]
    seen = np.bincount(key.ravel(), joint.ravel(), len(keys))[key.reshape(joint.shape)] - joint
    count = np.bincount(some.ravel(), own.ravel(), strings)[some] - own
    by_chance = count[first][:, :, None] * count[second][:, None, :] * (len(first) / len(some) ** 2)
    return np.asarray((np.maximum(seen, 0.0) + _PRIOR) / (np.maximum(by_chance, 0.0) + _PRIOR), np.float32)


def softmax(logits: NDArray[np.floating[Any]]) -> Chances:
    """Row by row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
