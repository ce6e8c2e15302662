"""Which word follows which, where a file of words tells their places on pages but not their lines."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

_OVERLAP, _GAP, _OFF = 0.3, 2.0, 0.6
"""In heights of a word: how far the next one may begin before its end or behind it, and lie above or below it."""


def following(path: Path, rows: NDArray[np.int64]) -> list[int]:
    """Of each of these rows of a Parquet file the place among them of the nearest word to its right, -1 for none.

    Columns `page`, and `xywh` in pixels of the page; empty where the file has none.
    """
    if not {"page", "xywh"} <= set(pq.read_schema(path).names):
        return []
    table = pq.read_table(path, columns=["page", "xywh"]).take(rows)
    boxes = np.array([[float(side) for side in box.split(",")] for box in table["xywh"].to_pylist()])
    pages = defaultdict[str, list[int]](list)
    for place, page in enumerate(table["page"].to_pylist()):
        pages[page].append(place)
    found = np.full(len(rows), -1)
    for places in pages.values():
        found[places] = _to_the_right(boxes[places], np.array(places))
    return [int(place) for place in found]


def _to_the_right(boxes: NDArray[np.float64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    x, y, w, h = boxes.T
    gap = x[None] - (x + w)[:, None]
    off = np.abs((y + h / 2)[None] - (y + h / 2)[:, None])
    near = (gap > -_OVERLAP * h[:, None]) & (gap < _GAP * h[:, None]) & (off < _OFF * h[:, None])
    np.fill_diagonal(near, val=False)
    best = np.where(near, gap, np.inf).argmin(axis=1)
    return np.where(near.any(axis=1), places[best], -1)
