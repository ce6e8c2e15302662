"""Aliases of a Qdrant server: a name that moves from one index to the next in one step."""

from __future__ import annotations

from qdrant_client import QdrantClient, models

from search.index.qdrant_server import server_errors


def set_alias(client: QdrantClient, alias: str, name: str) -> None:
    """Let `alias` name the server collection `name` from now on. Raises VectorIndexError where there is none."""
    create = models.CreateAlias(collection_name=name, alias_name=alias)
    with server_errors(name):
        client.update_collection_aliases([models.CreateAliasOperation(create_alias=create)])


def get_alias(client: QdrantClient, alias: str) -> str | None:
    """The server collection that `alias` names."""
    with server_errors(alias):
        aliases = client.get_aliases().aliases
    return next((found.collection_name for found in aliases if found.alias_name == alias), None)


def drop(client: QdrantClient, name: str) -> None:
    """Delete a server collection; nothing where there is none."""
    with server_errors(name):
        client.delete_collection(name)
