"""Reading order: columns and pages of a spread from left to right, lines from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ingest.geometry import Region


def reading_order(lines: Sequence[Region], letter: float) -> list[int]:
    """Indices of the lines as one would read them, by recursive cuts along white space (Nagy and Seth, 1984).

    `letter` is the height of an x in the same pixels: white space narrower than two of them parts no columns.
    """
    return _ordered(lines, list(range(len(lines))), letter)


def _ordered(lines: Sequence[Region], which: list[int], letter: float) -> list[int]:
    if len(which) < 2:
        return which
    spans = [(lines[i].x, lines[i].x2) for i in which]
    left = _apart(spans, 2 * letter)
    if left is not None:
        return _both(lines, which, left, letter)
    rows = [(lines[i].y, lines[i].y2) for i in which]
    upper = _apart(rows, 1)
    if upper is not None:
        return _both(lines, which, upper, letter)
    return sorted(which, key=lambda i: (lines[i].centre[1], lines[i].x))


def _both(lines: Sequence[Region], which: list[int], first: list[bool], letter: float) -> list[int]:
    here = [i for i, chosen in zip(which, first, strict=True) if chosen]
    there = [i for i, chosen in zip(which, first, strict=True) if not chosen]
    return _ordered(lines, here, letter) + _ordered(lines, there, letter)


def _apart(spans: list[tuple[int, int]], least: float) -> list[bool] | None:
    """Which spans lie before the widest empty stretch of at least `least` pixels; None where there is none."""
    order = np.argsort([start for start, _ in spans], kind="stable")
    starts = np.array([spans[i][0] for i in order])
    ends = np.maximum.accumulate([spans[i][1] for i in order])
    gaps = starts[1:] - ends[:-1]
    if not len(gaps) or gaps.max() < least:
        return None
    border = ends[int(gaps.argmax())]
    return [start < border for start, _ in spans]
