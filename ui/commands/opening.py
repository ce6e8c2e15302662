"""How every command begins: settings, logs, a context."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.errors import UsageError
from infra.logs import set_up_logs
from infra.settings import Settings, load_settings

if TYPE_CHECKING:
    from ingest.catalogue.records import CollectionRecord
    from workers.context import Context


def open_settings() -> Settings:
    """The settings in force, with logs going where they say. Raises SettingsError."""
    settings = load_settings()
    set_up_logs(settings)
    return settings


@contextmanager
def open_context(settings: Settings | None = None) -> Iterator[Context]:
    """A context over the settings, closed at the end."""
    settings = settings or open_settings()
    from workers.context import Context

    with Context(settings) as context:
        yield context


def known_collection(context: Context, name: str) -> CollectionRecord:
    """The collection of that name; UsageError, with those that there are, for another."""
    found = context.catalogue.collection(name)
    if found is None:
        names = ", ".join(collection.name for collection in context.catalogue.collections()) or "none yet"
        raise UsageError(f"There is no collection {name!r}. There are: {names}.")
    return found


def known_document(context: Context, text: str, collection: str | None = None) -> str:
    """Id of the one document with that id, path, URL, manifest or label; UsageError for none or several."""
    from pathlib import Path

    found = context.catalogue.find_documents(text, collection)
    if not found and "://" not in text:
        found = context.catalogue.find_documents(str(Path(text).absolute()), collection)
    if not found:
        raise UsageError(f"There is no document {text!r}. Give its id, its path or URL, or its label.")
    if len(found) > 1:
        places = "; ".join(f"{document.id} {document.uri}" for document in found[:5])
        raise UsageError(f"{len(found)} documents are called {text!r}: {places}. Give the id of one.")
    return found[0].id
