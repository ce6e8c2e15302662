"""The contract of the vector index; Qdrant Edge and Qdrant server are its two adapters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from search.embedding.embedder import EmbeddingSpace

Scalar = str | int | float


@dataclass(frozen=True, slots=True)
class Point:
    """A word's vector with what filters and sorts; the rest is in the catalogue."""

    id: UUID
    """UUIDv5 of page, page digest, Region and segmenter version: a repeat writes the same point."""
    vector: NDArray[np.float32]
    collection: str
    document: str
    page: str
    """Ids of the catalogue, as strings."""
    generation: int
    page_number: int
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    """The document's metadata, to filter by; keys as given."""
    reading: bytes = b""
    """What the model reads there, packed by `search.handwriting.posteriors`; empty where it does not read."""


@dataclass(frozen=True, slots=True)
class IndexFilter:
    """All given conditions hold together; an empty tuple means no condition."""

    collections: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    not_pages: tuple[str, ...] = ()
    page_range: tuple[int | None, int | None] = (None, None)
    """First and last page number, inclusive."""
    generation_below: tuple[str, int] | None = None
    """(page id, n): points of that page with a generation less than n; used for deletion."""
    equals: Mapping[str, Scalar] = field(default_factory=dict)
    """Metadata key -> value."""
    ranges: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    """Metadata key -> inclusive bounds."""


ALL = IndexFilter()
"""No condition."""


GRAPH_DEPTH = 4_000
"""Neighbours up to which a walk through the graph costs less than comparing all vectors of a large index."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A point found. Where its word is, the catalogue knows."""

    id: UUID
    similarity: float
    """Cosine, -1 to 1."""


class VectorIndex(Protocol):
    """Errors: VectorIndexError; IndexBusyError where the embedded index stays locked. Every write may be repeated."""

    @property
    def space(self) -> EmbeddingSpace:
        """The space of its vectors."""
        ...

    def upsert(self, points: Sequence[Point]) -> None:
        """Write points; durable when it returns. Same id: replaced."""
        ...

    def query(
        self,
        vector: NDArray[np.float32],
        *,
        limit: int,
        where: IndexFilter = ALL,
        offset: int = 0,
        exact: bool = False,
    ) -> list[Neighbour]:
        """Nearest by cosine, best first, ties by id: two pages of results never repeat or drop a point.

        Unless `exact`, the first `stable_pages.FIRST_STEP` come from the graph, which may miss a point now and then.
        What lies beyond is found by comparing with every vector, and starts with what was missed.
        """
        ...

    def nearest(
        self, vectors: Sequence[NDArray[np.float32]], *, limit: int, where: IndexFilter = ALL
    ) -> list[list[Neighbour]]:
        """For each vector its nearest, best first, ties by id; from the graph, as fast as may be.

        Asked for more it may also find a point among the first that it missed before: what is cut into pages is asked
        of `query`. Beyond `GRAPH_DEPTH` every vector is compared.
        """
        ...

    def similarities(
        self, vectors: Sequence[NDArray[np.float32]], ids: Sequence[Sequence[UUID]]
    ) -> list[dict[UUID, float]]:
        """For each vector its cosine with those of its own points that exist; cheaper than to fetch theirs."""
        ...

    def vectors(self, ids: Sequence[UUID]) -> dict[UUID, NDArray[np.float32]]:
        """Stored vectors of those points that exist."""
        ...

    def readings(self, ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Readings of those points that exist and have one."""
        ...

    def ids(self, where: IndexFilter = ALL) -> Iterator[UUID]:
        """All points that match, in no order."""
        ...

    def sample(self, size: int, where: IndexFilter = ALL) -> NDArray[np.float32]:
        """float32 (n, d): vectors of at most `size` points that match, of the smallest ids, as good as drawn by lot."""
        ...

    def count(self, where: IndexFilter = ALL) -> int:
        """Exact number of points that match."""
        ...

    def delete(self, where: IndexFilter) -> None:
        """Remove the points that match. An empty filter is refused with ValueError."""
        ...

    def delete_ids(self, ids: Sequence[UUID]) -> None:
        """Remove points; unknown ids are no error."""
        ...

    def optimize(self) -> None:
        """Build what searching fast needs, at the end of a load."""
        ...

    def close(self) -> None:
        """Release locks and connections; the object opens again on next use."""
        ...
