"""Hits as ALTO 4.4: boxes with their confidence, without text, as nobody has read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree

from infra.errors import UsageError
from ingest.geometry import Region
from search.engine.export.by_page import by_line, by_page
from search.engine.hits import Hit

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"


def alto(hits: Sequence[Hit]) -> Iterator[str]:
    """One document; every page with hits is a Page of its layout, in the order of its best hit. UsageError without."""
    if not hits:
        raise UsageError("there are no hits, and an ALTO file holds at least one page")
    root = etree.Element(f"{{{NAMESPACE}}}alto", nsmap={None: NAMESPACE}, SCHEMAVERSION="4.4")
    description = _child(root, "Description")
    _child(description, "MeasurementUnit").text = "pixel"
    processing = _child(description, "Processing", ID="manuspect")
    _child(_child(processing, "processingSoftware"), "softwareName").text = "Manuspect"
    layout = _child(root, "Layout")
    for page_hits in by_page(hits):
        _page(layout, page_hits)
    yield etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True).decode()


def _page(layout: etree._Element, hits: list[Hit]) -> None:
    page = hits[0].page
    size = {"WIDTH": str(page.width or 0), "HEIGHT": str(page.height or 0)}
    element = _child(layout, "Page", ID=f"page_{page.id}", PHYSICAL_IMG_NR=str(page.number), **size)
    space = _child(element, "PrintSpace", HPOS="0", VPOS="0", **size)
    for number, box, parts in by_line(hits):
        block = _child(space, "TextBlock", ID=f"block_{page.id}_{number}", **_box(box))
        line = _child(block, "TextLine", ID=f"line_{page.id}_{number}", **_box(box))
        for part in parts:
            confidence = f"{part.confidence:.3f}"
            _child(line, "String", ID=f"word_{part.word}", CONTENT="", WC=confidence, **_box(part.region))


def _box(region: Region) -> dict[str, str]:
    return {"HPOS": str(region.x), "VPOS": str(region.y), "WIDTH": str(region.w), "HEIGHT": str(region.h)}


def _child(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attrib=attributes)
