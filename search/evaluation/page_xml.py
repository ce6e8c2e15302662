"""Ground truth of a page from PAGE XML (2013 to 2019) or ALTO (2 to 4): lines with outline, baseline, text, words."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import defusedxml.ElementTree as SafeXml
from defusedxml.common import DefusedXmlException

from infra.errors import CorruptError, InputError, LimitError, NotFoundError, UnsupportedError
from ingest.geometry import Region

Polyline = tuple[tuple[int, int], ...]
"""Points x, y in pixels of the page image."""

_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class TruthWord:
    """A word as transcribed, with its box."""

    region: Region
    text: str
    """NFC, punctuation kept."""
    place: int | None = None
    """Which of the line's words it is, from 0, where the file tells; None: unknown."""


@dataclass(frozen=True, slots=True)
class TruthLine:
    """A transcribed line."""

    outline: Polyline
    baseline: Polyline
    """Empty where the file gives none."""
    text: str
    """NFC; the words joined by blanks where the file has text on words only."""
    words: tuple[TruthWord, ...]
    """Those that have boxes; they may be fewer than the words of the text."""

    @property
    def region(self) -> Region:
        """Box around the outline."""
        return _around(self.outline)


@dataclass(frozen=True, slots=True)
class TruthPage:
    """All transcribed lines of a page, in file order, in pixels of the image the file names."""

    image: str
    """File name of the image as the file gives it, empty where it does not."""
    width: int
    height: int
    lines: tuple[TruthLine, ...]


def read_truth(path: Path) -> TruthPage:
    """Read a PAGE or ALTO file.

    Raises NotFoundError, LimitError, CorruptError (not well-formed, or with entities), UnsupportedError (other XML).
    Lines and words without a usable outline are left out.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise LimitError(f"ground truth larger than {_MOST_BYTES >> 20} MB", input=str(path))
        root = SafeXml.fromstring(path.read_bytes(), forbid_dtd=True)
    except FileNotFoundError as error:
        raise NotFoundError("no such file", input=str(path)) from error
    except OSError as error:
        raise CorruptError(f"cannot be read: {error.strerror}", input=str(path)) from error
    except DefusedXmlException as error:
        raise CorruptError("XML with a document type or entities, which is refused", input=str(path)) from error
    except (SafeXml.ParseError, ValueError, LookupError) as error:
        raise CorruptError(f"not well-formed XML: {error}", input=str(path)) from error
    try:
        if _name(root) == "PcGts":
            return _read_page(root)
        if _name(root).lower() == "alto":
            return _read_alto(root)
    except InputError as error:
        raise error.at(input=str(path)) from error
    raise UnsupportedError(f"neither PAGE nor ALTO: the root element is {_name(root)}", input=str(path))


def _read_page(root: Any) -> TruthPage:
    page = _first(root, "Page")
    if page is None:
        raise CorruptError("PAGE file without a Page element")
    lines = tuple(line for node in _all(page, "TextLine") if (line := _page_line(node)) is not None)
    return TruthPage(page.get("imageFilename", ""), _whole(page, "imageWidth"), _whole(page, "imageHeight"), lines)


def _page_line(node: Any) -> TruthLine | None:
    outline = _page_points(_child(node, "Coords"))
    words = tuple(word for child in _children(node, "Word") if (word := _page_word(child)) is not None)
    if not outline:
        return None
    text = _page_text(node) or " ".join(word.text for word in words)
    return TruthLine(outline, _page_points(_child(node, "Baseline")), text, words)


def _page_word(node: Any) -> TruthWord | None:
    points = _page_points(_child(node, "Coords"))
    text = _page_text(node)
    return TruthWord(_around(points), text, _place(node.get("id", ""))) if points and text else None


def _place(identity: str) -> int | None:
    """The last number of ids like l3w12."""
    head, _, tail = identity.rpartition("w")
    return int(tail) if head and tail.isascii() and tail.isdigit() else None


def _page_text(node: Any) -> str:
    """The transcription: of several readings the one with the least index."""
    readings = sorted(_children(node, "TextEquiv"), key=lambda one: _number(one.get("index")) or 0.0)
    for reading in readings:
        unicode = _child(reading, "Unicode")
        if unicode is not None and unicode.text:
            return _clean(unicode.text)
    return ""


def _page_points(node: Any) -> Polyline:
    """Points of `points="x,y x,y"` (since 2013) or of Point children (before)."""
    if node is None:
        return ()
    pairs = [pair.split(",") for pair in node.get("points", "").split()]
    pairs = pairs or [[point.get("x", ""), point.get("y", "")] for point in _children(node, "Point")]
    return _polyline(pairs)


def _read_alto(root: Any) -> TruthPage:
    page = _first(root, "Page")
    if page is None:
        raise CorruptError("ALTO file without a Page element")
    unit = _first(root, "MeasurementUnit")
    if unit is not None and (unit.text or "pixel").strip().lower() != "pixel":
        raise UnsupportedError(f"ALTO measured in {(unit.text or '').strip()}; only pixels are read")
    name = _first(root, "fileName")
    lines = tuple(line for node in _all(page, "TextLine") if (line := _alto_line(node)) is not None)
    image = (name.text or "").strip() if name is not None else ""
    return TruthPage(image, _whole(page, "WIDTH"), _whole(page, "HEIGHT"), lines)


def _alto_line(node: Any) -> TruthLine | None:
    outline = _alto_outline(node)
    strings = _children(node, "String")
    words = tuple(word for place, child in enumerate(strings) if (word := _alto_word(child, place)) is not None)
    if not outline:
        return None
    return TruthLine(
        outline,
        _alto_points(node.get("BASELINE", "")),
        _clean(" ".join(string.get("CONTENT", "") for string in strings)),
        words if len(words) > 1 or not _is_whole_line(words) else (),
    )


def _is_whole_line(words: tuple[TruthWord, ...]) -> bool:
    """Some programs write a line's text as one String: no word box then."""
    return len(words) == 1 and " " in words[0].text


def _alto_word(node: Any, place: int) -> TruthWord | None:
    outline, text = _alto_outline(node), _clean(node.get("CONTENT", ""))
    return TruthWord(_around(outline), text, place) if outline and text else None


def _alto_outline(node: Any) -> Polyline:
    """The Shape's polygon, else the box."""
    polygon = _first(_child(node, "Shape"), "Polygon")
    points = _alto_points(polygon.get("POINTS", "")) if polygon is not None else ()
    if points:
        return points
    x, y, w, h = (_number(node.get(key)) for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    if x is None or y is None or w is None or h is None or w <= 0 or h <= 0:
        return ()
    return _polyline([[str(x), str(y)], [str(x + w), str(y)], [str(x + w), str(y + h)], [str(x), str(y + h)]])


def _alto_points(text: str) -> Polyline:
    """`x,y x,y` or `x y x y`."""
    numbers = text.replace(",", " ").split()
    return _polyline([numbers[i : i + 2] for i in range(0, len(numbers) - 1, 2)])


def _polyline(pairs: list[list[str]]) -> Polyline:
    """Whole pixels; empty where any point is not two numbers."""
    points = [tuple(map(_number, pair)) for pair in pairs]
    if any(len(point) != 2 or None in point for point in points):
        return ()
    return tuple((max(0, round(x)), max(0, round(y))) for x, y in points if x is not None and y is not None)


def _around(points: Polyline) -> Region:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Region(min(xs), min(ys), max(1, max(xs) - min(xs)), max(1, max(ys) - min(ys)))


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else math.nan
    except ValueError:
        return None
    return value if abs(value) < 1e7 else None


def _whole(node: Any, key: str) -> int:
    value = _number(node.get(key))
    if value is None or value < 1:
        raise CorruptError(f"the page has no {key}")
    return round(value)


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _name(node: Any) -> str:
    return str(node.tag).rpartition("}")[2]


def _children(node: Any, name: str) -> list[Any]:
    return [child for child in node if _name(child) == name]


def _child(node: Any, name: str) -> Any:
    return next(iter(_children(node, name)), None)


def _all(node: Any, name: str) -> Iterator[Any]:
    return (child for child in node.iter() if _name(child) == name)


def _first(node: Any, name: str) -> Any:
    return None if node is None else next(_all(node, name), None)
