"""Long listings, read a part at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


def in_parts(fetch: Callable[[int], list[T]]) -> Iterator[list[T]]:
    """All that `fetch` gives, which takes the number of entries to pass over, until it gives none."""
    done = 0
    while some := fetch(done):
        yield some
        done += len(some)
