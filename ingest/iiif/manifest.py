"""A IIIF manifest as a Source: one page for each canvas."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple
from functools import cached_property
from pathlib import Path

from infra.errors import InputError, NotFoundError, UnsupportedError
from infra.http import HttpClient, shared_client
from infra.settings import Settings
from ingest.iiif.canvas import Canvas, Painting
from ingest.iiif.language import details, plain
from ingest.iiif.location import Location
from ingest.iiif.page import read_page
from ingest.iiif.presentation import is_collection, is_iiif, read_canvases
from ingest.iiif.values import Node, check_depth, name, node, printable
from ingest.sources.checks import named_errors
from ingest.sources.source import PageImage, PageRef, SourceInfo


def open_manifest(uri: str, settings: Settings, client: HttpClient | None = None) -> ManifestSource:
    """Open a manifest by URL or path; only its JSON is read.

    InputError: not there, not fetched, not JSON (CorruptError), or JSON but no manifest (UnsupportedError).
    `client`: for tests and for callers with their own; None: this process's.
    """
    location = Location(uri, settings, client or shared_client(settings))
    try:
        data = location.read_json(location.own)
        check_depth(data)
        if is_collection(data):
            raise UnsupportedError("it is a IIIF collection; its manifests are documents, it is not")
        if not is_iiif(data):
            raise UnsupportedError("it is JSON, but not a IIIF manifest")
        return ManifestSource(node(data, "the manifest"), location, settings)
    except InputError as error:
        raise error.at(input=location.uri) from error.__cause__


class ManifestSource:
    """A manifest whose JSON has been read. Safe to use from several threads."""

    def __init__(self, manifest: Node, location: Location, settings: Settings) -> None:
        self._manifest = manifest
        self._location = location
        self._settings = settings

    @cached_property
    def info(self) -> SourceInfo:
        """What the manifest says of itself. Its digest covers the JSON and, for a local one, the files it names."""
        uri = self._location.uri
        canonical = json.dumps(self._manifest, sort_keys=True, separators=(",", ":"))
        files = [self._files_digest(canvas) for canvas in self._canvases]
        return SourceInfo(
            uri=uri,
            kind="iiif",
            label=plain(self._manifest.get("label"), 500) or uri.rstrip("/").rpartition("/")[2] or uri,
            digest=_digest([canonical, files]),
            manifest=self._id(),
            metadata=details(self._manifest),
        )

    def pages(self) -> Sequence[PageRef]:
        """One page a canvas, in order. A canvas that cannot be read is listed too; reading it says why."""
        return self._pages

    def read(self, page: PageRef) -> PageImage:
        """The canvas as an image. Raises InputError that names the canvas."""
        uri = self._location.uri
        if not 1 <= page.number <= len(self._canvases):
            raise NotFoundError("the manifest has no such canvas", input=uri, page=page.number)
        canvas = self._canvases[page.number - 1]
        try:
            with named_errors(uri, page.number):
                return read_page(canvas, self._location, self._settings)
        except InputError as error:
            raise _named(error, canvas, uri) from error.__cause__

    def files(self) -> set[Path]:
        """The local files it shows, links followed, and the folders of its local image services."""
        pictures = [painting.picture for canvas in self._canvases for painting in canvas.paintings]
        references = {place for p in pictures for place in (p.image, p.service and p.service.url) if place}
        return {place for place in map(self._local, references) if place is not None}

    def close(self) -> None:
        """Nothing is held: connections belong to the client."""

    @cached_property
    def _pages(self) -> tuple[PageRef, ...]:
        return tuple(self._page(canvas) for canvas in self._canvases)

    @cached_property
    def _canvases(self) -> list[Canvas]:
        try:
            return read_canvases(self._manifest, self._settings.max_pages)
        except InputError as error:
            raise error.at(input=self._location.uri) from error.__cause__

    def _id(self) -> str | None:
        try:
            return name(self._manifest, "the manifest")
        except InputError:
            return None  # nothing but a name is lost

    def _page(self, canvas: Canvas) -> PageRef:
        return PageRef(
            number=canvas.number,
            label=canvas.label,
            canvas=canvas.id,
            canvas_size=canvas.size,
            image_service=self._service(canvas),
            digest=self._page_digest(canvas),
        )

    def _page_digest(self, canvas: Canvas) -> str:
        """Of what is painted and where, and of local files' content: labels and other words may change."""
        if canvas.error:
            return _digest([canvas.number, canvas.error.reason])
        pictures = [painting.picture for painting in canvas.paintings]
        painted = [[p.image, p.service and p.service.url, p.size, p.part_of_image, p.rotation] for p in pictures]
        boxes = [[box and astuple(box) for box in (p.target, p.picture.part)] for p in canvas.paintings]
        return _digest([canvas.size, painted, boxes, self._files_digest(canvas)])

    def _service(self, canvas: Canvas) -> str | None:
        """The service of the only image of a canvas, if it is on the web."""
        if len(canvas.paintings) != 1 or canvas.paintings[0].picture.service is None:
            return None
        try:
            place = self._location.find(canvas.paintings[0].picture.service.url)
        except InputError:
            return None  # reading the page says why
        return place if isinstance(place, str) else None

    def _local(self, reference: str) -> Path | None:
        try:
            place = self._location.find(reference)
        except InputError:
            return None
        return place if isinstance(place, Path) and (place.is_file() or (place / "info.json").is_file()) else None

    def _files_digest(self, canvas: Canvas) -> list[str | None]:
        return [self._file_digest(painting) for painting in canvas.paintings]

    def _file_digest(self, painting: Painting) -> str | None:
        try:
            return self._location.digest(self._location.find(painting.picture.image or ""))
        except InputError:
            return None


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _named(error: InputError, canvas: Canvas, uri: str) -> InputError:
    """The error with the canvas and, where it was an image's, the image's address in its sentence."""
    where = f" ({printable(error.input, 300)})" if error.input and error.input != uri else ""
    whose = f"Canvas {canvas.label!r}" + (f" <{printable(canvas.id, 300)}>" if canvas.id else "")
    error.reason = f"{whose}: {error.reason}{where}"
    error.args = (error.reason,)
    error.input, error.page = uri, canvas.number
    return error
