"""Reading values out of JSON that promises nothing: each reader gives the right type or raises CorruptError."""

from __future__ import annotations

import re
from collections.abc import Mapping

from infra.errors import CorruptError

Node = Mapping[str, object]

MAX_DEPTH = 100
MAX_ID = 4_000
"""Longest id, characters."""
MAX_DIMENSION = 10_000_000
"""Largest side of a canvas or image that is believed, in its own units."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NUMBER = re.compile(r"\d{1,9}(\.\d{0,9})?")


def check_depth(value: object) -> None:
    """CorruptError where lists and objects are nested deeper than MAX_DEPTH."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return
    raise CorruptError(f"the JSON is nested deeper than {MAX_DEPTH} levels")


def node(value: object, what: str) -> Node:
    """A JSON object."""
    if isinstance(value, dict):
        return value
    raise CorruptError(f"{what} is {kind(value)}, not an object")


def several(value: object) -> list[object]:
    """A list; a single value stands for a list of one and null for an empty one, as in JSON-LD."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def name(value: Node, what: str) -> str | None:
    """The `id` (or `@id`), None where there is none."""
    found = value.get("id", value.get("@id"))
    return None if found is None else identifier(found, what)


def identifier(value: object, what: str) -> str:
    """A string that can serve as an id: neither empty nor endless, without control characters."""
    if not isinstance(value, str):
        raise CorruptError(f"the id of {what} is {kind(value)}, not a string")
    text = value.strip()
    if not text or len(text) > MAX_ID or _UNPRINTABLE.search(text):
        raise CorruptError(f"the id of {what} is empty, endless or unprintable")
    return text


def reference(value: object, what: str) -> str | None:
    """The id of something given whole or by its id alone."""
    return identifier(value, what) if isinstance(value, str) else name(node(value, what), what)


def type_of(value: Node) -> str:
    """The `type` (or `@type`) without its prefix, such as `Manifest`; empty where there is none."""
    for found in several(value.get("type", value.get("@type"))):
        if isinstance(found, str):
            return found.rpartition(":")[2]
    return ""


def dimension(value: Node, key: str) -> int | None:
    """A width or height, at least 1, None where it is missing; whole numbers written as text or fraction are taken."""
    found = value.get(key)
    if found is None:
        return None
    if isinstance(found, str) and _NUMBER.fullmatch(found.strip()):
        found = float(found)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 1 <= found <= MAX_DIMENSION:
        raise CorruptError(f"its {key} is {kind(found)}, not a number from 1 to {MAX_DIMENSION}")
    return round(found)


def size_of(value: Node) -> tuple[int, int] | None:
    """Width and height, None unless both are there."""
    width, height = dimension(value, "width"), dimension(value, "height")
    return (width, height) if width and height else None


def printable(text: str, longest: int) -> str:
    """Text fit for a database and a screen: one line, no control characters or half surrogates, not endless."""
    line = " ".join(_UNPRINTABLE.sub(" ", text[: 4 * longest]).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def kind(value: object) -> str:
    """What a wrong value is, for a message."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return f"the number {value:.6g}"
        case str():
            return f"the text {printable(value, 40)!r}"
        case list():
            return "a list"
    return "an object"
