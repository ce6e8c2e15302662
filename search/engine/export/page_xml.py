"""Hits as PAGE 2019-07-15: boxes with their confidence, without text, as nobody has read it. One document a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from lxml import etree

from ingest.geometry import Region
from search.engine.export.by_page import by_line, by_page
from search.engine.hits import Hit

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"


def page_documents(hits: Sequence[Hit]) -> Iterator[tuple[str, str]]:
    """(file name, document) of every page with hits."""
    for page_hits in by_page(hits):
        yield f"{page_hits[0].page.id}.xml", _document(page_hits)


def _document(hits: list[Hit]) -> str:
    page = hits[0].page
    root = etree.Element(f"{{{NAMESPACE}}}PcGts", nsmap={None: NAMESPACE})
    metadata = _child(root, "Metadata")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for name, text in (("Creator", "Manuspect"), ("Created", now), ("LastChange", now), ("Comments", page.canvas)):
        _child(metadata, name).text = text
    size = {"imageWidth": str(page.width or 0), "imageHeight": str(page.height or 0)}
    element = _child(root, "Page", imageFilename=f"{page.id}.jpg", **size)
    for number, box, parts in by_line(hits):
        region = _child(element, "TextRegion", id=f"region_{number}")
        _coords(region, box)
        line = _child(region, "TextLine", id=f"line_{number}")
        _coords(line, box)
        for part in parts:
            _coords(_child(line, "Word", id=f"word_{part.word}"), part.region, conf=f"{part.confidence:.3f}")
    return str(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True).decode())


def _coords(parent: etree._Element, box: Region, **attributes: str) -> None:
    """The box's corners, clockwise from the top left; the last column and row are inside."""
    right, bottom = box.x2 - 1, box.y2 - 1
    points = f"{box.x},{box.y} {right},{box.y} {right},{bottom} {box.x},{bottom}"
    _child(parent, "Coords", points=points, **attributes)


def _child(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attrib=attributes)
