"""Hits as a IIIF Presentation 3 manifest: the pages that have hits, best first, with the hits as annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ingest.geometry import Region
from ingest.iiif.regions import region_url
from search.engine.export.annotations import annotation, results_id
from search.engine.export.by_page import by_page
from search.engine.hits import Hit

CONTEXT = "http://iiif.io/api/presentation/3/context.json"


def manifest(hits: Sequence[Hit], asked: str, base_url: str) -> Iterator[str]:
    """One manifest. Canvases are the sources' own, so that viewers and annotations recognise them."""
    identity = results_id(base_url)
    label = f"Search results: {asked}" if asked else "Search results"
    content = {
        "@context": CONTEXT,
        "id": identity,
        "type": "Manifest",
        "label": {"none": [label]},
        "summary": {"none": [f"{len(hits)} places"]},
        "items": [
            _canvas(identity, number, page_hits, asked, base_url)
            for number, page_hits in enumerate(by_page(hits), start=1)
        ],
    }
    yield json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _canvas(identity: str, number: int, hits: Sequence[Hit], asked: str, base_url: str) -> dict[str, Any]:
    page, document = hits[0].page, hits[0].document
    width, height = page.width or 1, page.height or 1
    own = f"{identity}/canvas/{number}"
    picture = {
        "id": region_url(page, Region(0, 0, width, height), base_url),
        "type": "Image",
        "format": "image/jpeg",
        "width": width,
        "height": height,
    }
    painting = {
        "id": f"{own}/painting",
        "type": "Annotation",
        "motivation": "painting",
        "body": picture,
        "target": page.canvas,
    }
    canvas: dict[str, Any] = {
        "id": page.canvas,
        "type": "Canvas",
        "label": {"none": [f"{document.label}, {page.label}"]},
        "width": width,
        "height": height,
        "items": [{"id": f"{own}/page", "type": "AnnotationPage", "items": [painting]}],
        "annotations": [
            {"id": f"{own}/hits", "type": "AnnotationPage", "items": [annotation(hit, asked, base_url) for hit in hits]}
        ],
    }
    if document.manifest:
        canvas["partOf"] = [{"id": document.manifest, "type": "Manifest"}]
    return canvas
