"""Ground truth as PAGE XML of 2019-07-15: regions, lines and words with outlines, baselines and text."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
_WHEN = "2025-01-01T00:00:00"  # fixed, so that the same sample is the same file


@dataclass(frozen=True, slots=True)
class TruthWord:
    """A word: its outline (n, 2) in pixels of the scan, and what it says."""

    text: str
    points: NDArray[np.float32]
    struck: bool = False

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom, the smallest that holds all of the ink."""
        left, top = np.floor(self.points.min(axis=0) - 1)
        right, bottom = np.ceil(self.points.max(axis=0) + 1)
        return int(left), int(top), int(right), int(bottom)


@dataclass(frozen=True, slots=True)
class TruthLine:
    """A line: its words from left to right, and its baseline (n, 2)."""

    words: tuple[TruthWord, ...]
    baseline: NDArray[np.float32]
    custom: str = ""


@dataclass(frozen=True, slots=True)
class TruthRegion:
    """Lines that belong together; `kind` is a PAGE text type such as paragraph or marginalia."""

    kind: str
    lines: tuple[TruthLine, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """All that is written on one scan of `size` (width, height)."""

    size: tuple[int, int]
    language: str
    regions: tuple[TruthRegion, ...]


def write_page_xml(truth: Truth, image: Path) -> None:
    """Write the PAGE file beside `image`, with the same stem."""
    root = ET.Element("PcGts", {"xmlns": NAMESPACE})
    metadata = ET.SubElement(root, "Metadata")
    ET.SubElement(metadata, "Creator").text = "samples/make_samples.py"
    ET.SubElement(metadata, "Created").text = _WHEN
    ET.SubElement(metadata, "LastChange").text = _WHEN
    width, height = truth.size
    attributes = {"imageFilename": image.name, "imageWidth": str(width), "imageHeight": str(height)}
    page = ET.SubElement(root, "Page", attributes)
    if truth.regions:
        order = ET.SubElement(ET.SubElement(page, "ReadingOrder"), "OrderedGroup", {"id": "order"})
        for index in range(len(truth.regions)):
            ET.SubElement(order, "RegionRefIndexed", {"index": str(index), "regionRef": f"r{index}"})
    for index, region in enumerate(truth.regions):
        _region(page, f"r{index}", region, truth)
    ET.indent(root, " ")
    ET.ElementTree(root).write(image.with_suffix(".xml"), encoding="utf-8", xml_declaration=True)


def _region(page: ET.Element, name: str, region: TruthRegion, truth: Truth) -> None:
    attributes = {"id": name, "type": region.kind, "primaryLanguage": truth.language}
    element = ET.SubElement(page, "TextRegion", attributes)
    boxes = np.asarray([word.box for line in region.lines for word in line.words])
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = boxes[:, 2:].max(axis=0)
    _coords(element, _corners((left, top, right, bottom)), truth)
    for index, line in enumerate(region.lines):
        _line(element, f"{name}l{index}", line, truth)


def _line(region: ET.Element, name: str, line: TruthLine, truth: Truth) -> None:
    element = ET.SubElement(region, "TextLine", {"id": name} | ({"custom": line.custom} if line.custom else {}))
    boxes = [word.box for word in line.words]
    above = [point for left, top, right, _ in boxes for point in ((left, top), (right, top))]
    below = [point for left, _, right, bottom in boxes for point in ((left, bottom), (right, bottom))]
    _coords(element, above + below[::-1], truth)
    ET.SubElement(element, "Baseline", {"points": _points([tuple(point) for point in line.baseline], truth)})
    for index, word in enumerate(line.words):
        _word(element, f"{name}w{index}", word, truth)
    _text(element, " ".join(word.text for word in line.words))


def _word(line: ET.Element, name: str, word: TruthWord, truth: Truth) -> None:
    struck = {"custom": "textStyle {strikethrough:true;}"} if word.struck else {}
    element = ET.SubElement(line, "Word", {"id": name} | struck)
    _coords(element, _corners(word.box), truth)
    _text(element, word.text)


def _corners(box: tuple[int, int, int, int]) -> list[tuple[int, int]]:
    left, top, right, bottom = box
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _coords(parent: ET.Element, points: list[tuple[int, int]], truth: Truth) -> None:
    ET.SubElement(parent, "Coords", {"points": _points(points, truth)})


def _points(points: list[tuple[int, ...]] | list[tuple[int, int]], truth: Truth) -> str:
    """Points as PAGE writes them, kept on the scan."""
    width, height = truth.size
    return " ".join(
        f"{min(max(round(float(x)), 0), width - 1)},{min(max(round(float(y)), 0), height - 1)}" for x, y in points
    )


def _text(parent: ET.Element, text: str) -> None:
    ET.SubElement(ET.SubElement(parent, "TextEquiv"), "Unicode").text = text
