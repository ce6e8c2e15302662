"""Intervals of means over queries."""

import numpy as np

from search.evaluation.bootstrap import mean_interval


def test_intervals_hold_the_mean_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(100):
        low, high = mean_interval(rng.beta(2, 2, 80))
        held += low <= 0.5 <= high
    assert 88 <= held <= 100


def test_the_same_values_give_the_same_interval_around_their_mean() -> None:
    values = [0.0, 1.0, 0.5, 0.25] * 20
    low, high = mean_interval(values)
    assert (low, high) == mean_interval(values) and low < np.mean(values) < high
    assert mean_interval([0.3]) == (0.3, 0.3) and mean_interval([]) is None
