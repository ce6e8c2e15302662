"""How much a mean over queries would vary with other queries: the percentile bootstrap (Efron, 1979)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
"""Lower and upper end."""
_DRAWS = 1_000
_SHARE = 0.95


def mean_interval(values: Sequence[float] | NDArray[np.float64], *, seed: int = 0) -> Interval | None:
    """95 % interval of the mean of values drawn with replacement; the same at every call. None for no value."""
    if not len(values):
        return None
    rng, measured = np.random.default_rng(seed), np.asarray(values, np.float64)
    means = [float(measured[rng.integers(0, len(measured), len(measured))].mean()) for _ in range(_DRAWS)]
    low, high = np.quantile(means, ((1 - _SHARE) / 2, (1 + _SHARE) / 2))
    return float(low), float(high)
