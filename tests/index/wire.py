"""Qdrant's gRPC interface on a socket, answered by the client's own local mode: `wire.py PORT`.

No Qdrant server can be had from the package registries. This one speaks the real protocol, Qdrant's protobuf messages
as the client ships them, so all that is sent and read crosses a wire and its conversions, and several processes may
share an index. What a server itself makes of it (graphs, quantization, payload indexes, clusters) is not seen.
"""

from __future__ import annotations

import signal
import sys
import warnings
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from qdrant_client import QdrantClient, models
from qdrant_client import grpc as wire
from qdrant_client.conversions.conversion import GrpcToRest as Read
from qdrant_client.conversions.conversion import RestToGrpc as Write

ASKED: deque[models.QueryRequest] = deque(maxlen=100)
"""Searches as they came over the wire, the last ones; local mode itself pays no heed to their parameters."""


class Collections(wire.CollectionsServicer):
    """Server collections and aliases."""

    def __init__(self, client: QdrantClient) -> None:
        self._client = client
        self.fields: dict[str, set[str]] = {}
        """Server collection -> payload keys that have an index; local mode keeps none."""

    def CollectionExists(self, request: Any, _: Any) -> Any:
        exists = self._client.collection_exists(request.collection_name)
        return wire.CollectionExistsResponse(result=wire.CollectionExists(exists=exists))

    def Create(self, request: Any, _: Any) -> Any:
        Read.convert_hnsw_config_diff(request.hnsw_config)
        if request.HasField("quantization_config"):
            Read.convert_quantization_config(request.quantization_config)
        vectors = Read.convert_vectors_config(request.vectors_config)
        self.fields[request.collection_name] = set()
        return wire.CollectionOperationResponse(result=self._client.create_collection(request.collection_name, vectors))

    def Update(self, request: Any, _: Any) -> Any:
        Read.convert_update_collection(request)
        return wire.CollectionOperationResponse(result=self._client.collection_exists(request.collection_name))

    def Delete(self, request: Any, _: Any) -> Any:
        return wire.CollectionOperationResponse(result=self._client.delete_collection(request.collection_name))

    def Get(self, request: Any, _: Any) -> Any:
        info = Write.convert_collection_info(self._client.get_collection(request.collection_name))
        for field in self.fields[request.collection_name]:
            info.payload_schema[field].data_type = wire.PayloadSchemaType.Keyword
        return wire.GetCollectionInfoResponse(result=info)

    def UpdateAliases(self, request: Any, _: Any) -> Any:
        changes = [Read.convert_alias_operations(action) for action in request.actions]
        return wire.CollectionOperationResponse(result=self._client.update_collection_aliases(changes))

    def ListAliases(self, request: Any, _: Any) -> Any:
        aliases = self._client.get_aliases().aliases
        return wire.ListAliasesResponse(aliases=[Write.convert_alias_description(alias) for alias in aliases])


class Points(wire.PointsServicer):
    """Points and their payload indexes."""

    def __init__(self, client: QdrantClient, fields: dict[str, set[str]]) -> None:
        self._client = client
        self._fields = fields

    def CreateFieldIndex(self, request: Any, _: Any) -> Any:
        Read.convert_payload_schema_params(request.field_index_params)
        self._fields[request.collection_name].add(request.field_name)
        return _operation(models.UpdateResult(operation_id=0, status=models.UpdateStatus.COMPLETED))

    def Upsert(self, request: Any, _: Any) -> Any:
        points = [Read.convert_point_struct(point) for point in request.points]
        return _operation(self._client.upsert(request.collection_name, points))

    def Delete(self, request: Any, _: Any) -> Any:
        return _operation(self._client.delete(request.collection_name, Read.convert_points_selector(request.points)))

    def Get(self, request: Any, _: Any) -> Any:
        keys = [Read.convert_point_id(key) for key in request.ids]
        found = self._client.retrieve(
            request.collection_name,
            keys,
            with_payload=_keys(request.with_payload),
            with_vectors=request.with_vectors.enable,
        )
        return wire.GetResponse(result=[Write.convert_record(record) for record in found])

    def Scroll(self, request: Any, _: Any) -> Any:
        found, following = self._client.scroll(
            request.collection_name,
            _filter(request),
            limit=request.limit,
            offset=Read.convert_point_id(request.offset) if request.HasField("offset") else None,
            with_vectors=request.with_vectors.enable,
        )
        after = Write.convert_extended_point_id(following) if following is not None else None
        return wire.ScrollResponse(result=[Write.convert_record(record) for record in found], next_page_offset=after)

    def Count(self, request: Any, _: Any) -> Any:
        found = self._client.count(request.collection_name, _filter(request), exact=request.exact)
        return wire.CountResponse(result=Write.convert_count_result(found))

    def Query(self, request: Any, _: Any) -> Any:
        return wire.QueryResponse(result=self._nearest(request, request.collection_name))

    def QueryBatch(self, request: Any, _: Any) -> Any:
        found = [self._nearest(one, request.collection_name) for one in request.query_points]
        return wire.QueryBatchResponse(result=[wire.BatchResult(result=points) for points in found])

    def _nearest(self, request: Any, collection: str) -> list[Any]:
        asked = Read.convert_query_points(request)
        ASKED.append(asked)
        assert isinstance(asked.query, models.NearestQuery) and asked.limit
        found = self._client.query_points(collection, asked.query.nearest, query_filter=asked.filter, limit=asked.limit)
        return [Write.convert_scored_point(point) for point in found.points]


def _keys(asked: Any) -> list[str] | bool:
    """The payload keys that a request names; all where it names none."""
    return list(asked.include.fields) or True


def _operation(result: models.UpdateResult) -> Any:
    return wire.PointsOperationResponse(result=Write.convert_update_result(result))


def _filter(request: Any) -> models.Filter | None:
    return Read.convert_filter(request.filter) if request.HasField("filter") else None


@contextmanager
def serving(port: int = 0) -> Iterator[int]:
    """Its port; 0: one that is free. One request at a time, as local mode is not for threads."""
    warnings.filterwarnings("ignore", message=".*(Payload indexes|Local mode)")
    client = QdrantClient(":memory:")
    server = grpc.server(ThreadPoolExecutor(1))
    collections = Collections(client)
    wire.add_CollectionsServicer_to_server(collections, server)
    wire.add_PointsServicer_to_server(Points(client, collections.fields), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield bound
    finally:
        server.stop(None).wait()


if __name__ == "__main__":
    with serving(int(sys.argv[1])) as port:
        print(f"listening on {port}", flush=True)
        signal.pause()
