"""The adapters under test: Qdrant Edge, and the server adapter over the client's local mode, the wire and a server."""

import os
import sys
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient

sys.path.insert(0, str(Path(__file__).parent))

from wire import serving

from search.embedding import EmbeddingSpace
from search.index import Point, VectorIndex
from search.index.qdrant_edge import QdrantEdgeIndex
from search.index.qdrant_server import QdrantServerIndex

DIMENSION = 16
SPACE = EmbeddingSpace("test", "0" * 64, DIMENSION)


@pytest.fixture(scope="session")
def wire_port() -> Iterator[int]:
    """Where something that speaks Qdrant's gRPC listens."""
    with serving() as port:
        yield port


@pytest.fixture(params=["edge", "memory", "wire", "server"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorIndex]:
    """An empty index."""
    if request.param == "edge":
        edge = QdrantEdgeIndex(tmp_path / "shard", SPACE, lock_timeout=2.0)
        yield edge
        edge.close()
        return
    if request.param == "memory":
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*(Payload indexes|Local mode)")
            yield QdrantServerIndex(QdrantClient(":memory:"), "words", SPACE)
        return
    client = _wire_client(request) if request.param == "wire" else _server_client()
    name = f"test-{uuid.uuid4()}"
    yield QdrantServerIndex(client, name, SPACE)
    client.delete_collection(name)
    client.close()


def _wire_client(request: pytest.FixtureRequest) -> QdrantClient:
    port = request.getfixturevalue("wire_port")
    return QdrantClient(port=port - 1, grpc_port=port, prefer_grpc=True, check_compatibility=False)


def _server_client() -> QdrantClient:
    url = os.environ.get("MANUSPECT_TEST_QDRANT_URL")
    if not url:
        pytest.skip("MANUSPECT_TEST_QDRANT_URL is not set")
    return QdrantClient(url=url, prefer_grpc=True, check_compatibility=False)


def make_points(n: int, seed: int = 0, **changes: object) -> list[Point]:
    """Points with random unit vectors over two collections, four documents, twelve pages."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    made = []
    for i, vector in enumerate(vectors):
        fields: dict[str, object] = {
            "id": uuid.UUID(int=int(rng.integers(1, 2**62)) << 64 | i),
            "vector": vector,
            "collection": f"collection-{i % 2}",
            "document": f"document-{i % 4}",
            "page": f"page-{i % 12}",
            "generation": 1 + i % 3,
            "page_number": 1 + i % 12,
            "metadata": {"year": 1780 + i % 10, "hand": "A. B." if i % 2 else 'C "d"', "shelf.mark [2]": f"{i % 5}"},
        }
        made.append(Point(**{**fields, **changes}))  # type: ignore[arg-type]
    return made


@pytest.fixture
def points() -> Callable[..., list[Point]]:
    """`points(n, seed, **fields)`."""
    return make_points
