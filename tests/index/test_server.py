"""What a Qdrant server is asked, beyond what the contract can see."""

from collections.abc import Callable, Iterator

import pytest
from qdrant_client import QdrantClient
from wire import ASKED

from search.embedding import EmbeddingSpace
from search.index import IndexFilter, Point
from search.index.qdrant_server import QdrantServerIndex
from search.index.sizing import FALLS_APART, FILTERED_CANDIDATES, tuning_for


@pytest.fixture
def index(wire_port: int) -> Iterator[QdrantServerIndex]:
    client = QdrantClient(port=wire_port - 1, grpc_port=wire_port, prefer_grpc=True, check_compatibility=False)
    yield QdrantServerIndex(client, "asked", EmbeddingSpace("test", "0" * 64, 16))
    client.delete_collection("asked")
    client.close()


@pytest.mark.parametrize("several", [False, True])
def test_behind_a_filter_the_walk_looks_beyond_what_is_dropped(
    index: QdrantServerIndex, points: Callable[..., list[Point]], several: bool
) -> None:
    stored = points(40)
    index.upsert(stored)

    def params(where: IndexFilter):
        if several:
            index.nearest([stored[0].vector], limit=5, where=where)
        else:
            index.query(stored[0].vector, limit=5, where=where)
        return ASKED[-1].params

    candidates = tuning_for(40).search_candidates
    free, filtered = params(IndexFilter()), params(IndexFilter(collections=("collection-1",)))
    assert free.hnsw_ef == candidates and free.acorn is None
    assert filtered.hnsw_ef == candidates * FILTERED_CANDIDATES
    assert filtered.acorn.enable and filtered.acorn.max_selectivity == pytest.approx(FALLS_APART)
    assert not filtered.exact
