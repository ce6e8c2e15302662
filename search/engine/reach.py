"""How far a search looks, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

DEPTHS = (128, 512, 2_048, 8_192, 32_768)
"""Words of the index looked at for each thing sought: the next step is taken where the last was not enough."""


@dataclass(frozen=True, slots=True)
class Reach:
    """One step. What the index gives is looked up in the catalogue only as far as it may be shown or counted."""

    depth: int
    """Words of the index for each thing sought, the nearest first."""
    hits: int
    """Of those, at least so many are looked up."""
    above: float
    """And all with at least this confidence."""


def steps(hits: int, above: float, *, words: bool = True, first: int = 0) -> Iterator[Reach]:
    """Ever further, for an answer that needs that many hits and all above that confidence; from depth `first` on.

    `words`: each hit is one word found. Else all that the index gives is looked at from the start.
    """
    wanted = hits + hits // 4 + 8  # some are second readings of the same ink, or were replaced a moment ago
    for depth in [depth for depth in DEPTHS if depth > first] or DEPTHS[-1:]:
        if words and wanted < depth:
            yield Reach(depth, wanted, above)
        yield Reach(depth, depth, 0.0)
