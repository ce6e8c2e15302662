"""One page, from its text to its scan and its ground truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from samples.generator.camera import Camera
from samples.generator.handwriting import Hand, Writer
from samples.generator.layout import Area, DoesNotFitError, Layout, PageStyle, PlacedLine, PlacedWord
from samples.generator.noise import Floats, generator, smooth
from samples.generator.page_xml import Truth, TruthLine, TruthRegion, TruthWord
from samples.generator.paper import Paper, make_paper
from samples.generator.sheet import ink_layer, outline
from samples.generator.text import PageText

_PENCIL = Hand("the-girl-next-door", 19, ink=(112, 108, 106), weight=0.1, blots=0.6)
_REGION_KINDS = {
    "heading": "heading",
    "body": "paragraph",
    "insertion": "paragraph",
    "margin": "marginalia",
    "page-number": "page-number",
}


@dataclass(frozen=True, slots=True)
class Page:
    """All that decides how a page looks. Sizes are (width, height) in pixels."""

    name: str
    text: PageText
    style: PageStyle
    paper: Paper
    camera: Camera
    language: str = "English"
    margins: tuple[int, int, int, int] = (170, 180, 110, 130)
    """Left, top, right, bottom of the written area, for each side."""
    surround: float = 24.0
    """Grey level of what lies around the sheet."""
    folio: str | None = None
    """Number pencilled in the corner by a later archivist."""
    bleed: float = 0.1
    """How much of the ink on the back shows through."""
    grey: bool = False
    """A grey scan, as from microfilm."""


@dataclass(frozen=True, slots=True)
class Written:
    """A page whose text is set: its lines and its ink, on the flat sheet."""

    page: Page
    lines: list[PlacedLine]
    ink: Floats = field(repr=False)


@dataclass(frozen=True, slots=True)
class Scan:
    """The finished picture, RGB or grey uint8, and what is written where."""

    name: str
    pixels: NDArray[np.uint8] = field(repr=False)
    truth: Truth = field(repr=False)


def write(page: Page) -> Written:
    """Set the text of a page; `DoesNotFitError` names the page whose text is too long."""
    rng = generator(page.name, "text")
    lines: list[PlacedLine] = []
    for side, blocks in enumerate(page.text.sides):
        try:
            lines += Layout(page.style, _area(page, side), side, rng).set(blocks)
        except DoesNotFitError as error:
            raise DoesNotFitError(f"{page.name}: {error}") from error
    if page.folio:
        lines.append(_folio(page, rng))
    hands = {"body": page.style.hand, "margin": page.style.note_hand, "page-number": _PENCIL}
    return Written(page, lines, ink_layer(lines, page.camera.sheet, hands, rng))


def scan(written: Written, back: Written | None) -> Scan:
    """Put the ink on paper, with that on its back showing through, and photograph it."""
    page = written.page
    rng = generator(page.name, "paper")
    sheet = make_paper(page.paper, page.camera.sheet, _rules(page), _uprights(page), rng)
    absorbed = written.ink.copy()
    if back is not None and back.ink.shape == absorbed.shape:
        absorbed += page.bleed * cv2.GaussianBlur(back.ink[:, ::-1], (0, 0), 2.6)
    sheet *= np.exp(-absorbed)
    pixels = _developed(page.camera.photograph(sheet, page.surround), page, rng)
    return Scan(page.name, pixels, _truth(written))


def _developed(image: Floats, page: Page, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Uneven light, a soft lens and the grain of the sensor."""
    light = 1 + 0.03 * smooth(rng, image.shape[:2], 900)[..., None]
    soft = cv2.GaussianBlur(image * light, (0, 0), 0.55)
    if page.grey:
        grey = soft @ np.asarray([0.3, 0.55, 0.15], np.float32)
        soft = np.clip(128 + (grey - 118) * 1.12, 0, 255)
    grain = rng.normal(0, 1.3, soft.shape[:2]).astype(np.float32)
    noisy = soft + (grain if page.grey else grain[..., None])
    return np.asarray(np.clip(np.round(noisy), 0, 255), np.uint8)


def _area(page: Page, side: int) -> Area:
    left, top, right, bottom = page.margins
    width = page.camera.sheet[0] // len(page.text.sides)
    start = side * width
    return Area(start + left, top, start + width - right, page.camera.sheet[1] - bottom, start + 40)


def _folio(page: Page, rng: np.random.Generator) -> PlacedLine:
    ink = Writer(_PENCIL, rng).write(str(page.folio))
    return PlacedLine("page-number", (PlacedWord(str(page.folio), ink, page.camera.sheet[0] - 120, 80),))


def _rules(page: Page) -> range:
    """Rows of the ruled lines: a little under the first baseline, then one each pitch."""
    first = page.margins[1] + 3
    return range(first, page.camera.sheet[1] - 70, page.style.pitch)


def _uprights(page: Page) -> list[int]:
    """Columns of the ruled lines of a table."""
    if len(page.style.columns) == 1:
        return []
    areas = [_area(page, side) for side in range(len(page.text.sides))]
    return [
        round(area.left + fraction * (area.right - area.left)) - 16 for area in areas for fraction in page.style.columns
    ]


def _truth(written: Written) -> Truth:
    camera = written.page.camera
    groups = groupby(written.lines, lambda line: (line.side, _REGION_KINDS[line.kind]))
    regions = [TruthRegion(kind, tuple(_truth_line(line, camera) for line in lines)) for (_, kind), lines in groups]
    return Truth(camera.image, written.page.language, tuple(regions))


def _truth_line(line: PlacedLine, camera: Camera) -> TruthLine:
    ends = [(x, word.y) for word in line.words for x in (word.x, word.right)]
    words = [TruthWord(word.text, camera.forward(outline(word)), word.struck) for word in line.words]
    custom = "structure {type:insertion;}" if line.kind == "insertion" else ""
    return TruthLine(tuple(words), camera.forward(np.asarray(ends, np.float32)), custom)
