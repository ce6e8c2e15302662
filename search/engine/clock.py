"""Time spent in the stages of one query."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from search.engine.hits import Timing

Stage = Literal["encode", "search", "catalogue"]


class Clock:
    """Counts the named stages; what lies between them is post-processing."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._spent: dict[Stage, float] = {"encode": 0.0, "search": 0.0, "catalogue": 0.0}

    @contextmanager
    def stage(self, name: Stage) -> Iterator[None]:
        """Count the time of the block; stages do not nest."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._spent[name] += time.perf_counter() - started

    def timing(self) -> Timing:
        """So far."""
        named = {name: 1000 * seconds for name, seconds in self._spent.items()}
        return Timing(post=1000 * (time.perf_counter() - self._started) - sum(named.values()), **named)
