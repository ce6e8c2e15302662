"""The vector index on a Qdrant server or cluster: one server collection for each embedding space."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import grpc  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException

from infra.errors import VectorIndexError
from search.embedding.embedder import EmbeddingSpace
from search.index.payload import MAX_INDEXED_KEYS, READING, metadata_keys, payload, reading_of
from search.index.server_config import (
    field_indexes,
    graph_config,
    metadata_indexes,
    quantization_config,
    search_params,
    server_filter,
    vector_params,
)
from search.index.sizing import Tuning, tuning_for
from search.index.stable_pages import in_order, stable_page
from search.index.vector_index import ALL, GRAPH_DEPTH, IndexFilter, Neighbour, Point

_SCROLL = 2_000
_UPSERT = 500


class QdrantServerIndex:
    """`VectorIndex` over the server collection `name`, made on first use. Errors and order as the contract says."""

    def __init__(self, client: QdrantClient, name: str, space: EmbeddingSpace, *, tuning: Tuning | None = None) -> None:
        """`tuning` overrides the recommendation by size."""
        self._client = client
        self._name = name
        self._space = space
        self._fixed_tuning = tuning
        self._tuning = tuning or tuning_for(0)
        self._indexed_keys: set[str] | None = None

    @property
    def space(self) -> EmbeddingSpace:
        """The space of its vectors."""
        return self._space

    def upsert(self, points: Sequence[Point]) -> None:
        """Write points and wait until they are stored."""
        for point in points:
            if point.vector.shape != (self._space.dimension,):
                raise ValueError(
                    f"a vector of {self._space.key} has {self._space.dimension} numbers: {point.vector.shape}"
                )
        with self._server():
            self._index_keys(metadata_keys(points))
            for i in range(0, len(points), _UPSERT):
                rows = [
                    models.PointStruct(id=str(p.id), vector=p.vector.astype(np.float32).tolist(), payload=payload(p))
                    for p in points[i : i + _UPSERT]
                ]
                self._client.upsert(self._name, rows, wait=True)

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
        condition = server_filter(where)

        def search(depth: int, compare_all: bool) -> list[Neighbour]:
            params = search_params(self._tuning, compare_all, quantized=not exact, filtered=condition is not None)
            return self._nearest_each([_request(vector, depth, condition, params)])[0]

        with self._server():
            return stable_page(search, offset, limit, exact=exact)

    def nearest(
        self, vectors: Sequence[NDArray[np.float32]], *, limit: int, where: IndexFilter = ALL
    ) -> list[list[Neighbour]]:
        """For each vector its nearest, all in one request."""
        with self._server():
            condition = server_filter(where)
            params = search_params(self._tuning, limit > GRAPH_DEPTH, filtered=condition is not None)
            found = self._nearest_each([_request(one, limit, condition, params) for one in vectors])
        return [in_order(neighbours) for neighbours in found]

    def similarities(
        self, vectors: Sequence[NDArray[np.float32]], ids: Sequence[Sequence[UUID]]
    ) -> list[dict[UUID, float]]:
        """For each vector its cosine with those of its own points that exist."""
        with self._server():
            params = search_params(self._tuning, True, quantized=False)
            requests = [
                _request(one, len(own), models.Filter(must=[models.HasIdCondition(has_id=list(map(str, own)))]), params)
                for one, own in zip(vectors, ids, strict=True)
                if own
            ]
            found = iter(self._nearest_each(requests) if requests else [])
        return [{one.id: one.similarity for one in next(found)} if own else {} for own in ids]

    def vectors(self, ids: Sequence[UUID]) -> dict[UUID, NDArray[np.float32]]:
        """Stored vectors of those points that exist."""
        if not ids:
            return {}
        with self._server():
            records = self._client.retrieve(
                self._name, [str(point_id) for point_id in ids], with_payload=False, with_vectors=True
            )
        return {UUID(str(record.id)): np.asarray(record.vector, np.float32) for record in records}

    def readings(self, ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Readings of those points that exist and have one."""
        if not ids:
            return {}
        with self._server():
            records = self._client.retrieve(self._name, [str(point_id) for point_id in ids], with_payload=[READING])
        return {UUID(str(record.id)): reading for record in records if (reading := reading_of(record.payload))}

    def ids(self, where: IndexFilter = ALL) -> Iterator[UUID]:
        """All points that match."""
        offset = None
        while True:
            with self._server():
                records, offset = self._client.scroll(
                    self._name, server_filter(where), limit=_SCROLL, offset=offset, with_payload=False
                )
            yield from (UUID(str(record.id)) for record in records)
            if offset is None:
                return

    def sample(self, size: int, where: IndexFilter = ALL) -> NDArray[np.float32]:
        """float32 (n, d): vectors of the points with the smallest ids."""
        with self._server():
            records, _ = (
                self._client.scroll(self._name, server_filter(where), limit=size, with_payload=False, with_vectors=True)
                if size
                else ([], None)
            )
        return np.asarray([record.vector for record in records], np.float32).reshape(-1, self._space.dimension)

    def count(self, where: IndexFilter = ALL) -> int:
        """Exact number of points that match."""
        with self._server():
            return self._client.count(self._name, server_filter(where), exact=True).count

    def delete(self, where: IndexFilter) -> None:
        """Remove the points that match; ValueError for an empty filter."""
        condition = server_filter(where)
        if condition is None:
            raise ValueError("an empty filter would delete everything")
        with self._server():
            self._client.delete(self._name, models.FilterSelector(filter=condition), wait=True)

    def delete_ids(self, ids: Sequence[UUID]) -> None:
        """Remove points; unknown ids are no error."""
        if ids:
            with self._server():
                self._client.delete(self._name, [str(point_id) for point_id in ids], wait=True)

    def optimize(self) -> None:
        """Set what is recommended for the present size; the server rebuilds in its own time and stays searchable."""
        tuning = self._fixed_tuning or tuning_for(self.count())
        if tuning == self._tuning:
            return
        with self._server():
            self._client.update_collection(
                self._name,
                hnsw_config=graph_config(tuning),
                quantization_config=quantization_config(tuning) or models.Disabled.DISABLED,
                optimizers_config=models.OptimizersConfigDiff(default_segment_number=tuning.segments),
            )
        self._tuning = tuning

    def close(self) -> None:
        """Release the connections; the client opens them again on next use."""

    def _nearest_each(self, requests: Sequence[models.QueryRequest]) -> list[list[Neighbour]]:
        answers = self._client.query_batch_points(self._name, requests)
        return [[Neighbour(UUID(str(found.id)), float(found.score)) for found in answer.points] for answer in answers]

    @contextmanager
    def _server(self) -> Iterator[None]:
        """Make the collection if it is missing; turn the client's errors into ours."""
        with server_errors(self._name):
            if self._indexed_keys is None:
                self._indexed_keys = self._ensure()
            yield

    def _ensure(self) -> set[str]:
        """Create collection and indexes where they are missing; the metadata keys that have indexes."""
        if not self._client.collection_exists(self._name):
            self._client.create_collection(
                self._name,
                vector_params(self._space.dimension, self._tuning),
                shard_number=self._tuning.shards,
                replication_factor=self._tuning.replicas,
                hnsw_config=graph_config(self._tuning),
                quantization_config=quantization_config(self._tuning),
            )
        info = self._client.get_collection(self._name)
        for key, schema in field_indexes().items():
            if key not in info.payload_schema:
                self._client.create_payload_index(self._name, key, schema, wait=True)
        if self._fixed_tuning is None:
            self._tuning = tuning_for(info.points_count or 0)
        return {key.removeprefix("m.") for key in info.payload_schema if key.startswith("m.")}

    def _index_keys(self, keys: list[str]) -> None:
        """Make the indexes of metadata keys seen for the first time, before their points are written."""
        known = self._indexed_keys or set()
        for key in keys:
            if key not in known and len(known) < MAX_INDEXED_KEYS:
                for name, schema in metadata_indexes(key).items():
                    self._client.create_payload_index(self._name, name, schema, wait=True)
                known.add(key)


@contextmanager
def server_errors(name: str) -> Iterator[None]:
    """Turn the client's errors into VectorIndexError; `name` is what was worked on."""
    try:
        yield
    except (ApiException, QdrantException, grpc.RpcError) as error:
        reason = error.details() if isinstance(error, grpc.Call) else str(error)
        raise VectorIndexError(f"the Qdrant server failed on {name}: {reason}") from error


def _request(
    vector: NDArray[np.float32], limit: int, condition: models.Filter | None, params: models.SearchParams
) -> models.QueryRequest:
    query = np.asarray(vector, np.float32).tolist()
    return models.QueryRequest(query=query, limit=limit, filter=condition, params=params)
