"""Models that put pictures of words and spellings in one space."""

from search.embedding.clip import ClipEmbedder
from search.embedding.embedder import Crop, Embedder, EmbeddingSpace, Vectors
from search.embedding.load import asks_for_pictures, load_embedder

__all__ = ["ClipEmbedder", "Crop", "Embedder", "EmbeddingSpace", "Vectors", "asks_for_pictures", "load_embedder"]
