"""The index of an embedding space, on the server or in process, and the alias that names the live one.

Each space has an index of its own, so a new model's index is built beside the old one. `point_alias` then swaps in one
step: a server alias, or for Qdrant Edge a small file that is replaced whole. Only the adapter in use is imported.
"""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from infra.errors import SettingsError, StorageError
from infra.settings import Settings
from search.embedding.embedder import EmbeddingSpace
from search.index.vector_index import VectorIndex

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

ALIAS = "manuspect-words"
"""The server alias of the live index."""
_POINTER = "live"
"""The file that holds the live index's name."""
_REST_PORT = 6333
"""Of a URL without a port. Points travel by gRPC, for which a server listens on the next port."""
_TIMEOUT = 60
"""Seconds for one request to the server."""


def open_index(settings: Settings, space: EmbeddingSpace) -> VectorIndex:
    """The index of `space`, made on first use. Opening costs nothing yet; the first operation may raise."""
    if settings.qdrant_url:
        from search.index.qdrant_server import QdrantServerIndex

        return QdrantServerIndex(connect(settings), index_name(space.key), space)
    from search.index.qdrant_edge import QdrantEdgeIndex

    folder = _folder(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}; choose another MANUSPECT_HOME") from error
    return QdrantEdgeIndex(folder / space.key, space, lock_timeout=settings.index_lock_timeout)


def index_name(space_key: str) -> str:
    """The server collection of a space."""
    return f"{ALIAS}-{space_key}"


def point_alias(settings: Settings, space: EmbeddingSpace) -> None:
    """Make `space` the live index, in one step."""
    if settings.qdrant_url:
        from search.index.server_alias import set_alias

        set_alias(connect(settings), ALIAS, index_name(space.key))
        return
    pointer = _folder(settings) / _POINTER
    draft = pointer.with_name(f"{_POINTER}.new")
    try:
        draft.write_text(space.key, encoding="utf-8")
        draft.replace(pointer)
    except OSError as error:
        raise StorageError(f"{pointer} cannot be written: {error.strerror}") from error


def aliased_space(settings: Settings) -> str | None:
    """Key of the space the alias points to; None before the first `point_alias`."""
    if settings.qdrant_url:
        from search.index.server_alias import get_alias

        name = get_alias(connect(settings), ALIAS)
        return name.removeprefix(f"{ALIAS}-") if name else None
    pointer = _folder(settings) / _POINTER
    return pointer.read_text(encoding="utf-8").strip() if pointer.exists() else None


def drop_index(settings: Settings, space_key: str) -> None:
    """Delete the index of a retired space; nothing where there is none. ValueError for the live one."""
    if aliased_space(settings) == space_key:
        raise ValueError(f"{space_key} is the live index")
    if settings.qdrant_url:
        from search.index.server_alias import drop

        drop(connect(settings), index_name(space_key))
        return
    shutil.rmtree(_folder(settings) / space_key, ignore_errors=True)


def connect(settings: Settings) -> QdrantClient:
    """A client of the server that the settings name. Raises SettingsError for a URL that is none."""
    from qdrant_client import QdrantClient

    key = settings.qdrant_api_key
    warnings.filterwarnings("ignore", message="Api key is used with an insecure connection")  # as inside one network
    try:
        return QdrantClient(
            url=settings.qdrant_url,
            grpc_port=(urlsplit(settings.qdrant_url or "").port or _REST_PORT) + 1,
            api_key=key.get_secret_value() if key else None,
            prefer_grpc=True,
            timeout=_TIMEOUT,
            check_compatibility=False,
        )
    except (ValueError, TypeError) as error:
        raise SettingsError(f"MANUSPECT_QDRANT_URL: {error}") from error


def _folder(settings: Settings) -> Path:
    return settings.home.absolute() / "index"
