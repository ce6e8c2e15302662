"""A IIIF collection, walked: the manifests in it, in order, each once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from infra.errors import CorruptError, InputError, LimitError, UnsupportedError
from infra.http import HttpClient, shared_client
from infra.settings import Settings
from ingest.iiif.location import Location
from ingest.iiif.presentation import is_collection, is_iiif
from ingest.iiif.values import Node, check_depth, name, node, reference, several, type_of

MAX_DEPTH = 20
"""Collections within collections."""
MAX_DOCUMENTS = 100_000
"""Collections and pages of collections fetched in all."""

_PARTS = ("collections", "manifests", "members", "items")


def expand_collection(uri: str, settings: Settings, client: HttpClient | None = None) -> Iterator[str | InputError]:
    """URLs or paths of the manifests in a collection, nested and paged ones included; of a manifest, itself.

    A part that cannot be used is given as the InputError it failed with, in its place, and the rest goes on; an error
    of the collection itself is raised. Each manifest and each collection is taken once, so circles come to an end.
    """
    walk = _Walk(settings, client or shared_client(settings))
    place, data = walk.fetch(Location(uri, settings, walk.client))
    if not is_collection(data):
        yield place.uri
        return
    yield from walk.parts(data, place, depth=1)


class _Walk:
    """What has been seen on the way."""

    def __init__(self, settings: Settings, client: HttpClient) -> None:
        self.client = client
        self._settings = settings
        self._seen: set[str] = set()
        self._fetched = 0

    def fetch(self, location: Location) -> tuple[Location, Node]:
        """The JSON of a manifest or collection. Raises InputError that names it."""
        try:
            self._fetched += 1
            if self._fetched > MAX_DOCUMENTS:
                raise LimitError(f"more than {MAX_DOCUMENTS} collections lie one within the other")
            self._seen.add(location.uri)
            data = location.read_json(location.own)
            check_depth(data)
            found = node(data, "it")
            # A page of a collection, in 2.1, may be a collection without any type of its own.
            if not is_iiif(found) and not any(key in found for key in _PARTS):
                raise UnsupportedError("it is JSON, but not a IIIF manifest or collection")
            return location, found
        except InputError as error:
            raise error.at(input=location.uri) from error.__cause__

    def parts(self, collection: Node, location: Location, depth: int) -> Iterator[str | InputError]:
        """The manifests of a collection given by its JSON and the place relative ids in it start from."""
        page: Node | None = collection
        if depth > MAX_DEPTH:
            yield LimitError(f"collections are nested deeper than {MAX_DEPTH}", input=location.uri)
            return
        while page is not None:
            for key in _PARTS:
                for index, entry in enumerate(several(page.get(key))):
                    try:
                        yield from self._part(entry, key, location, depth)
                    except InputError as error:
                        yield error.at(input=f"{location.uri}#{key}[{index}]")
            try:
                page, location = self._next_page(page, location)
            except InputError as error:
                yield error.at(input=location.uri)
                return

    def _part(self, entry: object, key: str, location: Location, depth: int) -> Iterator[str | InputError]:
        within = _is_collection_entry(entry, key)
        identity = reference(entry, "a part of the collection")
        if within and isinstance(entry, dict) and any(part in entry for part in (*_PARTS, "first")):
            if identity is None or self._is_new(_uri(location, identity)):
                yield from self.parts(entry, location, depth + 1)
            return
        if identity is None:
            raise CorruptError("a part of the collection has no id")
        uri = _uri(location, identity)
        if not self._is_new(uri):
            return
        if not within:
            yield uri
            return
        place, found = self.fetch(Location(uri, self._settings, self.client))
        yield from self.parts(found, place, depth + 1)

    def _next_page(self, page: Node, location: Location) -> tuple[Node | None, Location]:
        """The page after this one, by `first` of a collection that lists nothing itself, or by `next`."""
        link = page.get("next", None if any(page.get(key) for key in _PARTS) else page.get("first"))
        if link is None:
            return None, location
        if isinstance(link, dict) and any(key in link for key in _PARTS):
            identity = name(link, "a page of the collection")
            fresh = identity is None or self._is_new(_uri(location, identity))
            return (link if fresh else None), location
        identity = reference(link, "a page of the collection")
        if identity is None:
            raise CorruptError("the next page of the collection has no id")
        uri = _uri(location, identity)
        if not self._is_new(uri):
            return None, location
        place, found = self.fetch(Location(uri, self._settings, self.client))
        return found, place

    def _is_new(self, uri: str) -> bool:
        new = uri not in self._seen
        self._seen.add(uri)
        return new


def _is_collection_entry(entry: object, key: str) -> bool:
    found = type_of(entry) if isinstance(entry, dict) else ""
    return found == "Collection" or (not found and key == "collections")


def _uri(location: Location, identity: str) -> str:
    place = location.find(identity)
    return str(place) if isinstance(place, Path) else place
