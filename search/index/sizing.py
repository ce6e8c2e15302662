"""Recommended index settings by number of words, applied by the adapters when they create and optimize an index.

Searching reads a small quantized copy of the vectors in memory and rescores the best candidates with the originals,
which may stay on disk: float32, or float16 for the larger sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Memory = Literal["cold", "cached", "pinned"]
"""Read from disk when needed, read through the page cache, or held in memory."""
Quantization = Literal["none", "int8", "turbo4", "turbo2", "turbo1"]

_BITS: dict[Quantization, float] = {"none": 32, "int8": 8, "turbo4": 4, "turbo2": 2, "turbo1": 1}
FALLS_APART = 0.35
"""Share of the points behind a filter, below which the graph's links no longer hold together. The walk then also looks
beyond the neighbours that the filter drops (Patel and others, "ACORN", 2024)."""
FILTERED_CANDIDATES = 8
"""Candidates kept behind a filter, as a multiple of those kept without: with 200,000 of 1,000,000 points the recall at
100 was 0.965 with 2.5 times as many, 0.981 with 6, 0.983 with 8; 0.41 without looking beyond."""
_ID_BYTES = 24
"""One point's id and its place in the segment."""
_LINK_BYTES = 2.6
"""One link of the graph as stored compressed; a word keeps 2 m of them at the bottom and a few above."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Settings of one index; sizes for which it is meant stand in TABLE."""

    graph_links: int
    """HNSW m: links of a word in the graph."""
    build_candidates: int
    """HNSW ef_construct."""
    search_candidates: int
    """HNSW ef: candidates kept while searching."""
    quantization: Quantization
    oversampling: float
    """Quantized candidates rescored with the originals, as a multiple of what is asked."""
    half_originals: bool
    """Originals as float16."""
    originals: Memory
    graph: Memory
    segments: int
    """Target number of segments of one shard."""
    shards: int
    """Shards of a server's index; spread over its machines."""
    replicas: int

    def candidates(self, filtered: bool) -> int:
        """HNSW ef of a search, behind a filter or not."""
        return self.search_candidates * (FILTERED_CANDIDATES if filtered else 1)

    def memory_bytes(self, words: int, dimension: int) -> int:
        """Estimated resident memory of `words` vectors over all shards, one replica: quantized copy, graph and ids."""
        copy = words * dimension * _BITS[self.quantization] / 8
        graph = 0 if self.graph == "cold" else words * 2.2 * self.graph_links * _LINK_BYTES
        return round(copy + graph + words * _ID_BYTES)


TABLE: tuple[tuple[int, Tuning], ...] = (
    (100_000, Tuning(16, 128, 128, "none", 1.0, False, "cached", "cached", 1, 1, 1)),
    (2_000_000, Tuning(16, 128, 128, "int8", 2.0, False, "cold", "cached", 2, 1, 1)),
    (20_000_000, Tuning(16, 128, 160, "turbo4", 2.0, True, "cold", "cached", 4, 2, 1)),
    (200_000_000, Tuning(16, 128, 192, "turbo4", 3.0, True, "cold", "cached", 8, 8, 2)),
    (2_000_000_000, Tuning(12, 96, 256, "turbo2", 4.0, True, "cold", "cold", 8, 32, 2)),
)
"""Each row serves up to that many words: files of a hundred thousand, 1M, 10M, 100M and 1B words."""


def tuning_for(words: int) -> Tuning:
    """The row for an index of that many words; beyond the last row, the last row."""
    for most, tuning in TABLE:
        if words <= most:
            return tuning
    return TABLE[-1][1]
