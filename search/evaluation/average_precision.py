"""Average precision of one ranking, ties at their mean rank, without sorting where few are relevant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SORT_FROM = 48
"""Relevant items from which one sort is cheaper than counting for each."""


def average_precision(scores: NDArray[np.float32], relevant: NDArray[np.int64]) -> float:
    """float32 (n,) and places of the relevant items in it -> sum of the precision at each relevant rank / their number.

    No interpolation. Items of equal score share the mean of their ranks, and relevant ones among them the mean of
    their counts, so the order of equals never matters.
    """
    own = scores[relevant]
    above, equal = _counts(scores, own)
    own_above, own_equal = _counts(own, own)
    return float(np.mean((own_above + (own_equal + 1) / 2) / (above + (equal + 1) / 2)))


def _counts(scores: NDArray[np.float32], own: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many of `scores` are greater than each of `own`, and how many are equal to it."""
    if len(own) < _SORT_FROM:
        above = np.array([np.count_nonzero(scores > score) for score in own], dtype=np.float64)
        return above, np.array([np.count_nonzero(scores == score) for score in own], dtype=np.float64)
    order = np.sort(scores)
    first, last = np.searchsorted(order, own, side="left"), np.searchsorted(order, own, side="right")
    return (len(scores) - last).astype(np.float64), (last - first).astype(np.float64)
