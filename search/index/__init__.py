"""The vector index: one contract, Qdrant Edge in process or a Qdrant server; `open_index` opens either."""

from search.index.vector_index import ALL, IndexFilter, Neighbour, Point, Scalar, VectorIndex

__all__ = ["ALL", "IndexFilter", "Neighbour", "Point", "Scalar", "VectorIndex"]
