"""The vector index in process: Qdrant Edge, one folder for each embedding space."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast
from uuid import UUID

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

from infra.errors import IndexBusyError, VectorIndexError
from search.embedding.embedder import EmbeddingSpace
from search.index.edge_config import edge_config, edge_filter, field_indexes, metadata_indexes, search_params
from search.index.edge_optimize import BUSY_EXIT
from search.index.edge_shard import SharedShard
from search.index.payload import MAX_INDEXED_KEYS, READING, metadata_keys, payload, reading_of
from search.index.sizing import Tuning, tuning_for
from search.index.stable_pages import in_order, stable_page
from search.index.vector_index import ALL, GRAPH_DEPTH, IndexFilter, Neighbour, Point

_SCROLL = 5_000
_FEW = 50_000
"""Points that match a filter, about, up to which all are compared: it takes no longer than to walk the graph."""


class QdrantEdgeIndex:
    """`VectorIndex` over a shard in `folder`. Errors and order as the contract says."""

    def __init__(
        self,
        folder: Path,
        space: EmbeddingSpace,
        *,
        lock_timeout: float = 30.0,
        idle_seconds: float = 5.0,
        tuning: Tuning | None = None,
    ) -> None:
        """`tuning` overrides the recommendation by size."""
        self._folder = folder
        self._space = space
        self._lock_timeout = lock_timeout
        self._fixed_tuning = tuning
        self._tuning: Tuning | None = tuning
        self._indexed_keys: set[str] | None = None
        self._shards = SharedShard(folder, self._create, lock_timeout=lock_timeout, idle_seconds=idle_seconds)

    @property
    def space(self) -> EmbeddingSpace:
        """The space of its vectors."""
        return self._space

    def upsert(self, points: Sequence[Point]) -> None:
        """Write points; they are in the write-ahead log when it returns."""
        if not points:
            return
        for point in points:
            if point.vector.shape != (self._space.dimension,):
                raise ValueError(
                    f"a vector of {self._space.key} has {self._space.dimension} numbers: {point.vector.shape}"
                )
        rows = [edge.Point(point.id, _floats(point.vector), payload(point)) for point in points]
        with self._shards.use() as shard:
            self._index_keys(shard, metadata_keys(points))
            shard.update(edge.UpdateOperation.upsert_points(rows))

    def query(
        self,
        vector: NDArray[np.float32],
        *,
        limit: int,
        where: IndexFilter = ALL,
        offset: int = 0,
        exact: bool = False,
    ) -> list[Neighbour]:
        """Nearest by cosine, best first, ties by id, in pages that fit together."""
        nearest = edge.Query.Nearest(_floats(vector))
        condition = edge_filter(where)
        filtered = condition is not None
        with self._shards.use() as shard:
            few = _is_few(shard, condition)

            def search(depth: int, compare_all: bool) -> list[Neighbour]:
                params = search_params(
                    self._tuning_of(shard), compare_all or few, quantized=not exact, filtered=filtered
                )
                request = edge.QueryRequest(limit=depth, query=nearest, filter=condition, params=params)
                return [Neighbour(_uuid(found.id), found.score) for found in shard.query(request)]

            return stable_page(search, offset, limit, exact=exact)

    def nearest(
        self, vectors: Sequence[NDArray[np.float32]], *, limit: int, where: IndexFilter = ALL
    ) -> list[list[Neighbour]]:
        """For each vector its nearest, all in one pass."""
        condition = edge_filter(where)
        with self._shards.use() as shard:
            compare_all = limit > GRAPH_DEPTH or _is_few(shard, condition)
            params = search_params(self._tuning_of(shard), compare_all, filtered=condition is not None)
            requests = [
                edge.QueryRequest(limit=limit, query=edge.Query.Nearest(_floats(one)), filter=condition, params=params)
                for one in vectors
            ]
            found = shard.query_batch(edge.QueryBatchRequest(requests))
        return [in_order([Neighbour(_uuid(point.id), point.score) for point in points]) for points in found]

    def similarities(
        self, vectors: Sequence[NDArray[np.float32]], ids: Sequence[Sequence[UUID]]
    ) -> list[dict[UUID, float]]:
        """For each vector its cosine with those of its own points that exist."""
        with self._shards.use() as shard:
            params = search_params(self._tuning_of(shard), True, quantized=False)
            requests = [
                edge.QueryRequest(
                    limit=len(own),
                    query=edge.Query.Nearest(_floats(one)),
                    filter=edge.Filter(must=[edge.HasIdCondition(set(own))]),
                    params=params,
                )
                for one, own in zip(vectors, ids, strict=True)
                if own
            ]
            found = iter(shard.query_batch(edge.QueryBatchRequest(requests)) if requests else [])
        return [{_uuid(point.id): point.score for point in next(found)} if own else {} for own in ids]

    def vectors(self, ids: Sequence[UUID]) -> dict[UUID, NDArray[np.float32]]:
        """Stored vectors of those points that exist."""
        with self._shards.use() as shard:
            records = shard.retrieve(list(ids), False, True) if ids else []
        return {_uuid(record.id): np.asarray(record.vector, np.float32) for record in records}

    def readings(self, ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Readings of those points that exist and have one."""
        with self._shards.use() as shard:
            records = shard.retrieve(list(ids), [READING], False) if ids else []
        return {_uuid(record.id): reading for record in records if (reading := reading_of(record.payload))}

    def ids(self, where: IndexFilter = ALL) -> Iterator[UUID]:
        """All points that match."""
        for batch in self._scroll(where, with_vector=False):
            yield from (_uuid(record.id) for record in batch)

    def sample(self, size: int, where: IndexFilter = ALL) -> NDArray[np.float32]:
        """float32 (n, d): vectors of the points with the smallest ids."""
        request = edge.ScrollRequest(limit=size, filter=edge_filter(where), with_payload=False, with_vector=True)
        with self._shards.use() as shard:
            records, _ = shard.scroll(request) if size else ([], None)
        return np.asarray([record.vector for record in records], np.float32).reshape(-1, self._space.dimension)

    def count(self, where: IndexFilter = ALL) -> int:
        """Exact number of points that match."""
        with self._shards.use() as shard:
            return int(shard.count(edge.CountRequest(exact=True, filter=edge_filter(where))))

    def delete(self, where: IndexFilter) -> None:
        """Remove the points that match; ValueError for an empty filter."""
        condition = edge_filter(where)
        if condition is None:
            raise ValueError("an empty filter would delete everything")
        with self._shards.use() as shard:
            shard.update(edge.UpdateOperation.delete_points_by_filter(condition))

    def delete_ids(self, ids: Sequence[UUID]) -> None:
        """Remove points; unknown ids are no error."""
        if ids:
            with self._shards.use() as shard:
                shard.update(edge.UpdateOperation.delete_points(list(ids)))

    def optimize(self) -> None:
        """Build graph and quantized copy for the present size, in a process of its own: it would stop this one."""
        tuning = self._fixed_tuning or tuning_for(self.count())
        self._shards.close()
        task = {
            "folder": str(self._folder),
            "dimension": self._space.dimension,
            "tuning": asdict(tuning),
            "timeout": self._lock_timeout,
        }
        command = [sys.executable, "-m", "search.index.edge_optimize", json.dumps(task)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode == BUSY_EXIT:
            raise IndexBusyError(done.stderr.strip())
        if done.returncode != 0:
            raise VectorIndexError(f"optimizing the index in {self._folder} failed: {done.stderr.strip()[-500:]}")
        self._tuning = tuning

    def close(self) -> None:
        """Let go of the shard; the next use opens it again."""
        self._shards.close()

    def _scroll(self, where: IndexFilter, *, with_vector: bool) -> Iterator[list[edge.Record]]:
        condition = edge_filter(where)
        offset = None
        while True:
            request = edge.ScrollRequest(
                offset=offset, limit=_SCROLL, filter=condition, with_payload=False, with_vector=with_vector
            )
            with self._shards.use() as shard:
                records, offset = shard.scroll(request)
            yield records
            if offset is None:
                return

    def _create(self, folder: Path) -> None:
        shard = edge.EdgeShard.create(
            str(folder), edge_config(self._space.dimension, self._fixed_tuning or tuning_for(0))
        )
        for key, schema in field_indexes().items():
            shard.update(edge.UpdateOperation.create_field_index(key, schema))
        shard.close()

    def _tuning_of(self, shard: edge.EdgeShard) -> Tuning:
        if self._tuning is None:
            self._tuning = tuning_for(shard.info().points_count)
        return self._tuning

    def _index_keys(self, shard: edge.EdgeShard, keys: list[str]) -> None:
        """Make the indexes of metadata keys seen for the first time, before their points are written."""
        if self._indexed_keys is None:
            self._indexed_keys = {key.removeprefix("m.") for key in shard.info().payload_schema if key[:2] == "m."}
        for key in keys:
            if key not in self._indexed_keys and len(self._indexed_keys) < MAX_INDEXED_KEYS:
                for name, schema in metadata_indexes(key).items():
                    shard.update(edge.UpdateOperation.create_field_index(name, schema))
                self._indexed_keys.add(key)


def _is_few(shard: edge.EdgeShard, condition: edge.Filter | None) -> bool:
    """Whether the points that match are few enough to compare them all."""
    return condition is not None and int(shard.count(edge.CountRequest(exact=False, filter=condition))) <= _FEW


def _floats(vector: NDArray[np.float32]) -> list[float]:
    """The array as it is: Qdrant Edge takes arrays of float32, though its types speak of lists."""
    return cast("list[float]", np.ascontiguousarray(vector, np.float32))


def _uuid(point_id: int | UUID | str) -> UUID:
    return point_id if isinstance(point_id, UUID) else UUID(str(point_id))
