"""Hits as a W3C AnnotationPage over IIIF canvases: Web Annotation Data Model, 2017; regions in canvas pixels."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from search.engine.hits import Hit

CONTEXT = ("http://www.w3.org/ns/anno.jsonld", "http://iiif.io/api/presentation/3/context.json")
"""The second says what a Canvas and a Manifest are."""
_FRAGMENTS = "http://www.w3.org/TR/media-frags/"


def annotation_page(hits: Sequence[Hit], asked: str, base_url: str) -> Iterator[str]:
    """One annotation a hit, tagged with what was asked and assessed with its confidence."""
    content = {
        "@context": CONTEXT,
        "id": results_id(base_url),
        "type": "AnnotationPage",
        "items": [annotation(hit, asked, base_url) for hit in hits],
    }
    yield json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def results_id(base_url: str, name: uuid.UUID | None = None) -> str:
    """Identity of results, or of the one of that name: IIIF wants HTTP URIs, though these lead nowhere."""
    return f"{base_url.rstrip('/')}/iiif/results/{name or uuid.uuid4()}"


def annotation(hit: Hit, asked: str, base_url: str) -> dict[str, Any]:
    """One hit; every word of it is a target of its own. The same hit has the same id in every export."""
    targets = [_target(hit, part.region.xywh) for part in hit.parts]
    bodies = [{"type": "TextualBody", "purpose": "assessing", "value": f"confidence {hit.confidence:.3f}"}]
    if asked:
        bodies.insert(0, {"type": "TextualBody", "purpose": "tagging", "value": asked})
    return {
        "id": results_id(base_url, uuid.uuid5(uuid.NAMESPACE_URL, "/".join(part.word for part in hit.parts))),
        "type": "Annotation",
        "motivation": "tagging" if asked else "assessing",
        "body": bodies,
        "target": targets[0] if len(targets) == 1 else targets,
    }


def _target(hit: Hit, xywh: str) -> dict[str, Any]:
    source: dict[str, Any] = {"id": hit.page.canvas, "type": "Canvas"}
    if hit.document.manifest:
        source["partOf"] = [{"id": hit.document.manifest, "type": "Manifest"}]
    selector = {"type": "FragmentSelector", "conformsTo": _FRAGMENTS, "value": f"xywh={xywh}"}
    return {"type": "SpecificResource", "source": source, "selector": selector}
