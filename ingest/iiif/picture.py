"""What a painting annotation paints: plain images, image services, choices, and parts of images."""

from __future__ import annotations

import re
from dataclasses import replace

from infra.errors import CorruptError, InputError, UnsupportedError
from ingest.iiif.canvas import Box, Picture, Service
from ingest.iiif.regions import parse_region_url
from ingest.iiif.values import Node, identifier, kind, name, node, reference, several, size_of, type_of

MAX_NESTING = 5
"""Choices within choices, parts of parts."""

_IMAGE_API = re.compile(r"api/image(?:/|$)|image-api/|ImageService[123]|^level[012]$")
_VERSION = re.compile(r"api/image/([123])|ImageService([123])|image-api/(?:1|compliance|conformance)")
_NOT_IMAGES = ("Sound", "Video", "Audio", "TextualBody", "Text", "Dataset", "Model", "MovingImage", "PhysicalObject")


def is_picture(body: object) -> bool:
    """Whether an annotation's body may be an image, not sound, video or text."""
    return not (isinstance(body, dict) and type_of(body) in _NOT_IMAGES)


def read_picture(body: object, depth: int = 0) -> Picture:
    """The picture an annotation's body (`resource` in Presentation 2) stands for.

    Of a Choice the default, or the first, is taken. CorruptError for what makes no sense, UnsupportedError for sound,
    video and text.
    """
    if depth > MAX_NESTING:
        raise CorruptError("its image is nested without end")
    if isinstance(body, str):
        return Picture(identifier(body, "its image"), None, None)
    body = node(body, "its image")
    match type_of(body):
        case "Choice":
            return read_picture(_first_choice(body), depth + 1)
        case "SpecificResource":
            return _part(body, depth)
        case "Composite" | "List" | "Independents":
            return read_picture(_first(several(body.get("items"))), depth + 1)
        case other if other in _NOT_IMAGES:
            raise UnsupportedError(f"its image is of the type {other}")
    return _image(body)


def _first_choice(choice: Node) -> object:
    default = choice.get("default")
    options = several(default) + several(choice.get("items", choice.get("item")))
    return _first([option for option in options if option != "rdf:nil"])


def _first(options: list[object]) -> object:
    if not options:
        raise CorruptError("it offers a choice of images but lists none")
    return options[0]


def _image(body: Node) -> Picture:
    image, service = name(body, "its image"), _service(body)
    if image is None and service is None:
        raise CorruptError("its image has neither an id nor an image service")
    return _requested_part(Picture(image, service, size_of(body)))


def _requested_part(picture: Picture) -> Picture:
    """An image whose own id is a request for a region of its service is that region and no more."""
    asked = parse_region_url(picture.image) if picture.image and picture.service else None
    if asked is None or asked.service != (picture.service and picture.service.url):
        return picture
    try:
        part = None if asked.region == "full" else Box.parse(asked.region)
        return replace(picture, part=part, rotation=_rotation(asked.rotation))
    except InputError:  # a square, mirrored or askew one: what its URL gives is what is painted
        return replace(picture, service=None)


def _part(body: Node, depth: int) -> Picture:
    """A SpecificResource: `source` (`full` in Presentation 2) and a selector."""
    source = body.get("source", body.get("full"))
    if isinstance(source, list):
        source = _first(source)
    picture = read_picture(source, depth + 1)
    for found in several(body.get("selector"))[:MAX_NESTING]:
        picture = _select(picture, found)
    return picture


def _select(picture: Picture, selector: object) -> Picture:
    if isinstance(selector, str):
        return _select_fragment(picture, selector)
    selector = node(selector, "its selector")
    match type_of(selector):
        case "ImageApiSelector":
            region = selector.get("region", "full")
            if not isinstance(region, str):
                raise CorruptError(f"the region of its selector is {kind(region)}, not a text")
            part = picture.part if region == "full" else Box.parse(region)
            return replace(picture, part=part, part_of_image=False, rotation=_rotation(selector.get("rotation", "0")))
        case "FragmentSelector":
            value = selector.get("value")
            if not isinstance(value, str):
                raise CorruptError(f"the value of its selector is {kind(value)}, not a text")
            return _select_fragment(picture, value)
        case "Choice":
            return _select(picture, _first_choice(selector))
    raise UnsupportedError(f"its image is cut out by a {type_of(selector) or 'nameless selector'}; only boxes are read")


def _select_fragment(picture: Picture, text: str) -> Picture:
    return replace(picture, part=Box.parse(text.rpartition("#")[2]), part_of_image=True)


def _rotation(value: object) -> int:
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"\d{1,3}(\.0*)?", text):
        raise UnsupportedError(f"its image is turned by {kind(value)}; only quarter turns are read")
    turn = int(float(text)) % 360
    if turn % 90:
        raise UnsupportedError(f"its image is turned by {turn} degrees; only quarter turns are read")
    return turn


def _service(body: Node) -> Service | None:
    """The image service of the highest version among the services, None where there is none."""
    found: list[tuple[int, Service]] = []
    for entry in several(body.get("service")):
        if isinstance(entry, str):
            found.append((0, Service(_base(identifier(entry, "its image service")), {})))
        elif isinstance(entry, dict) and _is_image_service(entry):
            url = reference(entry, "its image service")
            if url is None:
                raise CorruptError("its image service has no id")
            found.append((version_of(entry) or 0, Service(_base(url), entry)))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _base(url: str) -> str:
    return url.removesuffix("/info.json").rstrip("/")


def _is_image_service(entry: Node) -> bool:
    """By context, type, protocol or profile; one that says none of these is taken for one, as old manifests need."""
    said = _sayings(entry)
    return any(_IMAGE_API.search(text) for text in said) if said else True


def version_of(entry: Node) -> int | None:
    """Version of the Image API, 1 to 3, that a service or info.json says it speaks; None where it does not say."""
    for text in _sayings(entry):
        match = _VERSION.search(text)
        if match:
            return int(match[1] or match[2] or 1)
    return None


def _sayings(entry: Node) -> list[str]:
    keys = ("@context", "type", "@type", "protocol", "conformsTo", "profile")
    return [text for key in keys for text in several(entry.get(key)) if isinstance(text, str)]
