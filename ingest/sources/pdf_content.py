"""What paints a PDF page: which pictures lie where, what covers them, and whether there is colour.

Only the operators that matter are followed (PDF 32000-1, 8.4 to 8.10); whatever is not understood counts as something
that must be rendered, so a mistake here costs time, never content.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pikepdf

from ingest.sources.pdf_geometry import IDENTITY, Box, Matrix, covers, rectangle, times, to_matrix, transformed
from ingest.sources.pdf_streams import content_bytes

_OPERATORS = "q Q cm Do Tr Tj TJ ' \" re W W* n f F f* B B* b b* S s sh gs rg RG k K sc scn SC SCN BDC BI ID EI"
_MOST_NESTING = 8
_MOST_BYTES = 3 << 19
"""Content followed for one page, forms each time they are drawn; scans with a layer of text need a third of it."""
_PICTURE_BYTES = 1000
"""What a picture counts for."""
_ENDS_PATH = {"n", "f", "F", "f*", "B", "B*", "b", "b*", "S", "s"}
_INVISIBLE = (3, 7)
"""Text rendering modes that leave no ink: how OCR layers are written."""


@dataclass(frozen=True, slots=True)
class Placement:
    """One picture as painted."""

    image: Any
    """The image XObject; None for an inline image."""
    size: tuple[int, int]
    """Width, height in its own pixels, as the PDF states them."""
    matrix: Matrix
    """From the unit square to the page."""
    plain: bool
    """Neither clipped nor blended: painted as it is."""

    @property
    def box(self) -> Box:
        """Bounding box on the page."""
        a, b, c, d, e, f = self.matrix
        xs, ys = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def density(self) -> tuple[float, float]:
        """Pixels per point along its own width and height."""
        a, b, c, d, _, _ = self.matrix
        return self.size[0] / max(math.hypot(a, b), 1e-6), self.size[1] / max(math.hypot(c, d), 1e-6)


@dataclass(slots=True)
class Painting:
    """All that was found on a page."""

    placements: list[Placement] = field(default_factory=list)
    marks_on_top: bool = False
    """Something else, text or lines, was painted after the last picture, or what was painted is not understood."""
    colour: bool = False
    """Some operator asks for a colour; pictures not counted."""


@dataclass(frozen=True, slots=True)
class _State:
    """The part of the graphics state that `q` saves."""

    matrix: Matrix
    text_mode: int = 0
    plain: bool = True


def read_painting(page: pikepdf.Page, page_box: Box) -> Painting:
    """Follow the page's content. Raises nothing: what cannot be followed is reported as marks on top and colour."""
    painting = Painting()
    try:
        content = page.obj.get("/Contents")
        streams = list(content) if isinstance(content, pikepdf.Array) else [content] if content is not None else []
        data = b"\n".join(content_bytes(stream) for stream in streams)
        _Follower(painting, page_box).follow(data, page.resources, _State(IDENTITY), 0)
        if _has_visible_annotations(page):
            painting.marks_on_top = painting.colour = True
    except Exception:  # content streams are programs by strangers; rendering deals with them as well as it can
        painting.marks_on_top = painting.colour = True
    return painting


class _Follower:
    """Runs content streams and notes what they paint."""

    def __init__(self, painting: Painting, page_box: Box) -> None:
        self._painting = painting
        self._page_box = page_box
        self._bytes_left = _MOST_BYTES

    def follow(self, data: bytes, resources: Any, state: _State, depth: int) -> None:
        """One content stream, of the page or of a form on it."""
        self._spend(len(data) + 100)
        if depth > _MOST_NESTING:
            raise ValueError("forms nested too deeply")
        stack: list[_State] = []
        path: list[Box] = []
        clipping = False
        for instruction in _instructions(data):
            operands, operator = instruction.operands, str(instruction.operator)
            match operator:
                case "q":
                    stack.append(state)
                case "Q":
                    state = stack.pop() if stack else state
                case "cm":
                    state = replace(state, matrix=times(to_matrix(operands), state.matrix))
                case "Tr":
                    state = replace(state, text_mode=int(operands[0]))
                case "re":
                    path.append(rectangle(operands, state.matrix))
                case "W" | "W*":
                    clipping = True
                case "gs":
                    state = replace(state, plain=state.plain and _is_plain(resources, operands[0]))
                case "Tj" | "TJ" | "'" | '"':
                    self._painting.marks_on_top |= state.text_mode not in _INVISIBLE
                case "BDC" if str(operands[0]) == "/OC":
                    raise ValueError("layers that may be switched off")
                case "Do":
                    self._paint(resources.XObject[str(operands[0])], state, depth)
                case "INLINE IMAGE":
                    self._place_inline(operands[0], state)
                case "rg" | "RG" | "k" | "K" | "sc" | "scn" | "SC" | "SCN":
                    self._painting.colour |= _is_colour(operator, operands)
                case "sh" | "f" | "F" | "f*" | "B" | "B*" | "b" | "b*" | "S" | "s":
                    self._painting.marks_on_top = True
                    self._painting.colour |= operator == "sh"
            if operator in _ENDS_PATH:
                if clipping:
                    harmless = len(path) == 1 and covers(path[0], self._page_box)
                    state = replace(state, plain=state.plain and harmless)
                path, clipping = [], False

    def _paint(self, thing: Any, state: _State, depth: int) -> None:
        if "/OC" in thing:
            raise ValueError("layers that may be switched off")
        if thing.get("/Subtype") == "/Image":
            size = int(thing.get("/Width", 0)), int(thing.get("/Height", 0))
            self._place(Placement(thing, size, state.matrix, state.plain))
        elif thing.get("/Subtype") == "/Form":
            inner = replace(state, matrix=times(to_matrix(thing.get("/Matrix", IDENTITY)), state.matrix))
            box = transformed(tuple(float(value) for value in thing.BBox), inner.matrix)
            inner = replace(inner, plain=inner.plain and "/Group" not in thing and covers(box, self._page_box))
            self.follow(content_bytes(thing), thing.get("/Resources", pikepdf.Dictionary()), inner, depth + 1)

    def _place_inline(self, image: Any, state: _State) -> None:
        self._place(Placement(None, (int(image.width), int(image.height)), state.matrix, plain=False))

    def _place(self, placement: Placement) -> None:
        self._spend(_PICTURE_BYTES)
        self._painting.placements.append(placement)
        self._painting.marks_on_top = False

    def _spend(self, count: int) -> None:
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise ValueError("more content than is followed")


def _instructions(data: bytes) -> Iterator[Any]:
    if data:
        with pikepdf.new() as scratch:
            yield from pikepdf.parse_content_stream(pikepdf.Stream(scratch, data), _OPERATORS)


def _is_plain(resources: Any, name: Any) -> bool:
    """Whether a graphics state neither blends nor masks."""
    state = resources.ExtGState[str(name)]
    opaque = all(float(state.get(key, 1)) >= 1 for key in ("/ca", "/CA"))
    mask = state.get("/SMask")
    blending = str(state.get("/BM", "/Normal"))
    return opaque and (mask is None or mask == "/None") and blending in ("/Normal", "/Compatible")


def _is_colour(operator: str, operands: Any) -> bool:
    if operator in ("k", "K"):
        return any(float(value) > 0 for value in list(operands)[:3])
    if operator in ("rg", "RG"):
        return len({float(value) for value in operands}) > 1
    return True  # what `sc` means depends on a colour space


def _has_visible_annotations(page: pikepdf.Page) -> bool:
    hidden = 2 | 32  # Hidden, NoView
    annotations = page.obj.get("/Annots")
    return annotations is not None and any(
        "/AP" in note and not int(note.get("/F", 0)) & hidden and note.get("/Subtype") not in ("/Link", "/Popup")
        for note in annotations
    )
