"""Models that put pictures of words and spellings in one space.

Importing the package imports no model library: whoever only speaks of vectors need not wait for torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.embedding.embedder import Crop, Embedder, EmbeddingSpace, Vectors

if TYPE_CHECKING:
    from infra.settings import Settings

__all__ = ["Crop", "Embedder", "EmbeddingSpace", "Vectors", "load_embedder"]


def load_embedder(settings: Settings) -> Embedder:
    """Load the model that the settings name. Raises ModelError that says what to do."""
    from search.embedding.load import load_embedder as load

    return load(settings)
