"""What work needs, opened when first asked for and closed together."""

from __future__ import annotations

import threading
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING

from infra.files import FileStore, open_files
from infra.settings import Settings
from ingest.catalogue import Catalogue

if TYPE_CHECKING:
    from search.embedding.embedder import Embedder, EmbeddingSpace
    from search.index.vector_index import VectorIndex
    from workers.versions import Versions


class Context:
    """Settings and the parts they name. One a process; threads may share it.

    The model and the index libraries are imported only when used, so that commands which need neither start at once.
    """

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        """`embedder`: one made already, for tests and for callers that hold one; None: the one the settings name."""
        self.settings = settings
        self._embedder = embedder
        self._indexes: dict[str, VectorIndex] = {}
        self._live: str | None = None
        self._answering: Embedder | None = None
        self._lock = threading.RLock()

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue. Raises CatalogueError, StorageError."""
        return Catalogue(self.settings.catalogue_url)

    @cached_property
    def files(self) -> FileStore:
        """The page images."""
        return open_files(self.settings)

    @property
    def embedder(self) -> Embedder:
        """The model, loaded at first use. Raises ModelError."""
        with self._lock:
            if self._embedder is None:
                from search.embedding import load_embedder

                self._embedder = load_embedder(self.settings)
            return self._embedder

    def answering(self) -> Embedder:
        """The model that queries need: that of the live index, where there is one. Raises ModelError."""
        from workers.answering import load_live

        with self._lock:
            live = self.catalogue.live_space()
            if live is None or live.key == self.embedder.space.key:
                return self.embedder
            if self._answering is None or self._answering.space.key != live.key:
                self._answering = load_live(self, live)
            return self._answering

    def index(self, space: EmbeddingSpace) -> VectorIndex:
        """The index of a space."""
        from search.index.open_index import open_index

        with self._lock:
            if space.key not in self._indexes:
                self._indexes[space.key] = open_index(self.settings, space)
            return self._indexes[space.key]

    def live_index(self) -> VectorIndex:
        """The index of the model in use, which becomes the live one if it is the first.

        Raises ModelError where the collections are indexed with another model.
        """
        from search.index.open_index import aliased_space, point_alias
        from workers.answering import keep_weights

        space = self.embedder.space
        with self._lock:
            live = self.catalogue.live_space()
            if self._live != space.key or live is None or live.key != space.key:
                self.catalogue.use_space(space.key, space.model, space.digest, space.dimension)
                if aliased_space(self.settings) != space.key:
                    self.index(space).upsert([])  # an alias names only what exists
                    point_alias(self.settings, space)
                keep_weights(self)
                self._live = space.key
            return self.index(space)

    def all_indexes(self) -> list[VectorIndex]:
        """The indexes of every space that has, or may still have, one; no model is loaded."""
        from search.embedding.embedder import EmbeddingSpace

        spaces = self.catalogue.all_spaces()
        return [self.index(EmbeddingSpace(space.model, space.digest, space.dimension)) for space in spaces]

    @cached_property
    def versions(self) -> Versions:
        """The models adapted to single collections."""
        from workers.versions import Versions

        return Versions(self)

    def close_index(self, key: str) -> None:
        """Close the index of a space and forget it."""
        with self._lock:
            index = self._indexes.pop(key, None)
        if index is not None:
            index.close()

    def close(self) -> None:
        """Close what was opened; the next use opens it again."""
        for key in list(self._indexes):
            self.close_index(key)
        if "catalogue" in self.__dict__:
            self.catalogue.close()

    def __enter__(self) -> Context:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
