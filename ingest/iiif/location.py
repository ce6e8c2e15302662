"""Where a manifest is, and what the ids in it lead to.

A manifest from the web leads to the web. A manifest in a file leads to the web by full URLs, and by relative ids, paths
and file: URLs to the files beside and below it; an id that leads out of its folder, also through a link, is refused.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from infra.errors import CorruptError, ForbiddenAddressError, LimitError, NotFoundError, UnsupportedError
from infra.http import HttpClient
from infra.http.client import MAX_JSON_BYTES, parse_json
from infra.settings import Settings

Place = str | Path
"""A URL, or a file that may be read."""


class Location:
    """The place of one manifest or collection, given by URL or path."""

    def __init__(self, uri: str, settings: Settings, client: HttpClient) -> None:
        self._settings = settings
        self._client = client
        self._url = uri if is_web(uri) else None
        path = Path(unquote(urlsplit(uri).path) if uri[:7].lower() == "file://" else uri).expanduser()
        self._path = None if self._url else path.absolute()
        self._folder = None if self._path is None else self._path.parent.resolve()

    @property
    def uri(self) -> str:
        """URL or absolute path."""
        return self._url or str(self._path)

    @property
    def own(self) -> Place:
        """The manifest itself."""
        return self._url or self._path or ""

    def find(self, reference: str) -> Place:
        """What an id in the manifest leads to. ForbiddenAddressError, NotFoundError or UnsupportedError."""
        try:
            if is_web(reference):
                return reference
            return self._file(reference, self._folder) if self._folder else self._beside(reference)
        except ValueError as error:
            raise CorruptError(f"{reference[:200]!r} is not a usable address") from error

    def below(self, place: Place, name: str) -> Place:
        """What lies at `name` under a service's base."""
        return place / name if isinstance(place, Path) else f"{place.rstrip('/')}/{name}"

    def read_bytes(self, place: Place) -> bytes:
        """The bytes there. Raises InputError."""
        if isinstance(place, str):
            return self._client.get_bytes(place)
        return _read(self._checked(place), self._settings.max_file_bytes)

    def read_json(self, place: Place) -> object:
        """The JSON there. Raises InputError."""
        if isinstance(place, str):
            return self._client.get_json(place)
        return parse_json(_read(self._checked(place), MAX_JSON_BYTES), str(place))

    def digest(self, place: Place) -> str | None:
        """SHA-256 of a file; None for what is on the web, whose address has to do, and for a file that is not there."""
        if isinstance(place, str):
            return None
        try:
            status = place.stat()
            return _file_digest(place, status.st_size, status.st_mtime_ns)
        except OSError:
            return None

    def _beside(self, reference: str) -> str:
        scheme = urlsplit(reference).scheme
        if scheme == "file":
            raise ForbiddenAddressError(f"it leads to the file {reference[:200]!r}; a manifest from the web may not")
        if scheme:
            raise UnsupportedError(f"it leads to a {scheme[:20]}: address; only http and https are fetched")
        return urljoin(self._url or "", reference)

    def _file(self, reference: str, folder: Path) -> Path:
        parts = urlsplit(reference)
        if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost"):
            raise UnsupportedError(f"it leads to {reference[:200]!r}; only http, https and files beside it are read")
        literal = reference if not parts.scheme else parts.path
        for name in dict.fromkeys((unquote(parts.path), literal)):
            inside = _inside(folder, name)
            if inside.exists():
                return inside
        return _inside(folder, unquote(parts.path))

    def _checked(self, path: Path) -> Path:
        """The same file, if it is still inside: a piece of an image may be a link out of the folder."""
        if self._path is not None and path == self._path:
            return path
        assert self._folder is not None
        return _inside(self._folder, str(path))


def is_web(reference: str) -> bool:
    """Whether it is an http or https URL."""
    return reference[:8].lower().startswith(("http://", "https://"))


def _inside(folder: Path, name: str) -> Path:
    """The file of that name, links followed; ForbiddenAddressError unless it is in the folder."""
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise NotFoundError(f"there is no file {name[:200]!r} beside the manifest") from error
    if not path.is_relative_to(folder):
        raise ForbiddenAddressError(f"it leads to {name[:200]!r}, outside the manifest's folder")
    return path


def _read(path: Path, limit: int) -> bytes:
    try:
        if not path.is_file():
            raise NotFoundError("there is no such file", input=str(path))
        if path.stat().st_size > limit:
            raise LimitError(f"the file is {path.stat().st_size} bytes long, the limit is {limit}", input=str(path))
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise NotFoundError(f"the file cannot be read: {error}", input=str(path)) from error


@lru_cache(maxsize=100_000)
def _file_digest(path: Path, size: int, modified: int) -> str:
    """By content, so that a copied or touched file stays the same; remembered while size and time stay the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
