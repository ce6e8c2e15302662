"""From the JSON of a manifest, Presentation 2.0, 2.1 or 3.0, to its canvases."""

from __future__ import annotations

from collections.abc import Iterable

from infra.errors import CorruptError, InputError, LimitError, NotFoundError, UnsupportedError
from ingest.iiif.canvas import Box, Canvas, Painting
from ingest.iiif.language import plain
from ingest.iiif.picture import is_picture, read_picture
from ingest.iiif.values import Node, kind, name, node, several, size_of, type_of

MAX_PAINTINGS = 200
"""Images on one canvas."""

_TYPES = ("Manifest", "Collection")


def is_iiif(data: object) -> bool:
    """Whether parsed JSON is a IIIF manifest or collection, Presentation 2 or 3."""
    if not isinstance(data, dict) or type_of(data) not in _TYPES:
        return False
    contexts = [text for text in several(data.get("@context")) if isinstance(text, str)]
    known = any("iiif.io/api/presentation" in text or "shared-canvas.org" in text for text in contexts)
    return known or any(key in data for key in ("items", "sequences", "manifests", "members", "collections", "first"))


def is_collection(data: object) -> bool:
    """Whether parsed JSON is a IIIF collection."""
    return is_iiif(data) and isinstance(data, dict) and type_of(data) == "Collection"


def read_canvases(manifest: Node, max_pages: int) -> list[Canvas]:
    """All canvases in order; one that makes no sense carries its error and spoils no other.

    CorruptError where the manifest has no canvases at all, LimitError where it has more than `max_pages`.
    """
    entries = _entries(manifest)
    if len(entries) > max_pages:
        raise LimitError(f"it has {len(entries)} canvases, the limit is {max_pages} (MANUSPECT_MAX_PAGES)")
    return [_canvas(entry, number) for number, entry in enumerate(entries, start=1)]


def _entries(manifest: Node) -> list[object]:
    if "items" in manifest or "sequences" not in manifest:
        return _listed(manifest.get("items"), "items")
    # Further sequences are other orders of the same canvases, and may be given by reference only.
    sequences = [s for s in several(manifest.get("sequences")) if isinstance(s, dict) and s.get("canvases")]
    if not sequences:
        raise CorruptError("the manifest has no sequence of canvases")
    return _listed(sequences[0].get("canvases"), "canvases")


def _listed(value: object, what: str) -> list[object]:
    if not isinstance(value, list):
        raise CorruptError(f"the manifest's {what} are {kind(value)}, not a list of canvases")
    if not value:
        raise CorruptError("the manifest has no canvases")
    return value


def _canvas(entry: object, number: int) -> Canvas:
    label, identity, size = str(number), None, None
    try:
        canvas = node(entry, "the canvas")
        label = plain(canvas.get("label"), 200) or label
        identity = name(canvas, "the canvas")
        size = size_of(canvas)
        return Canvas(number, label, identity, size, _paintings(canvas))
    except InputError as error:
        return Canvas(number, label, identity, size, (), error)


def _paintings(canvas: Node) -> tuple[Painting, ...]:
    found: list[Painting] = []
    others = False
    for annotation in _painting_annotations(canvas):
        body = annotation.get("body", annotation.get("resource"))
        bodies = body if isinstance(body, list) else [body]
        pictures = [each for each in bodies if is_picture(each)]
        others = others or len(pictures) < len(bodies)
        if len(found) + len(pictures) > MAX_PAINTINGS:
            raise LimitError(f"more than {MAX_PAINTINGS} images are painted on it")
        target = _target(annotation.get("target", annotation.get("on")))
        found.extend(Painting(read_picture(each), target) for each in pictures)
    if not found and others:
        raise UnsupportedError("it shows sound, video or text, not an image")
    if not found:
        only = " (only a thumbnail)" if canvas.get("thumbnail") else ""
        raise NotFoundError(f"no image is painted on it{only}")
    return tuple(found)


def _painting_annotations(canvas: Node) -> Iterable[Node]:
    if "items" in canvas or "images" not in canvas:
        pages = [node(page, "its annotation page") for page in several(canvas.get("items"))]
        entries = [entry for page in pages for entry in several(page.get("items"))]
    else:
        entries = several(canvas.get("images"))
    annotations = [node(entry, "its annotation") for entry in entries]
    return [annotation for annotation in annotations if _paints(annotation)]


def _paints(annotation: Node) -> bool:
    motivations = several(annotation.get("motivation")) or ["painting"]
    return any(isinstance(text, str) and text.rpartition(":")[2] == "painting" for text in motivations)


def _target(target: object) -> Box | None:
    """The part of the canvas that is painted on, None: all of it."""
    if isinstance(target, list):
        target = target[0] if target else None
    if target is None:
        return None
    if isinstance(target, str):
        return _fragment(target)
    target = node(target, "its target")
    for selector in several(target.get("selector")):
        if isinstance(selector, str):
            return _fragment("#" + selector.rpartition("#")[2])
        selector = node(selector, "the selector of its target")
        if type_of(selector) != "FragmentSelector":
            raise UnsupportedError(
                f"its image is placed by {type_of(selector) or 'a nameless selector'}; only boxes are read"
            )
        value = selector.get("value")
        if not isinstance(value, str):
            raise CorruptError(f"the selector of its target is {kind(value)}, not a text")
        return _fragment("#" + value.rpartition("#")[2])
    source = target.get("source", target.get("full"))
    return _fragment(source) if isinstance(source, str) else None


def _fragment(target: str) -> Box | None:
    """The `xywh` of a media fragment; a fragment of another kind, as in ids with a `#`, is none."""
    for part in target.partition("#")[2].split("&"):
        if part.startswith("xywh="):
            return Box.parse(part)
    return None
