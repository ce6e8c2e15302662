"""A document as a IIIF Presentation 3 manifest, for Mirador, the Universal Viewer and others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from infra.errors import NotFoundError
from ingest.catalogue.database import Database
from ingest.catalogue.tables import CollectionRow, DocumentRow, PageRow

CONTEXT = "http://iiif.io/api/presentation/3/context.json"


@dataclass(frozen=True, slots=True)
class CanvasSource:
    """One canvas: a page whose size is known."""

    id: str
    label: str
    canvas: str
    width: int
    height: int
    """Canvas pixels."""
    has_image: bool


@dataclass(frozen=True, slots=True)
class ManifestSource:
    """A document and its pages in order."""

    id: str
    collection: str
    """Id of its collection."""
    label: str
    groups: tuple[str, ...]
    """Groups that may see its collection; empty: everyone."""
    details: dict[str, Any]
    source_manifest: str | None
    pages: tuple[CanvasSource, ...]


def read_document(database: Database, document: str) -> ManifestSource:
    """A document of the catalogue; NotFoundError where there is none. Pages of unknown size are left out."""
    head = (
        select(DocumentRow.label, DocumentRow.details, DocumentRow.manifest, CollectionRow.id, CollectionRow.groups)
        .join(CollectionRow, CollectionRow.id == DocumentRow.collection_id)
        .where(DocumentRow.id == document)
    )
    rows = select(PageRow).where(PageRow.document_id == document, PageRow.width.is_not(None)).order_by(PageRow.number)
    with database.read() as session:
        row = session.execute(head).one_or_none()
        if row is None:
            raise NotFoundError("There is no such document.")
        pages = tuple(
            CanvasSource(page.id, page.label, page.canvas, page.width or 0, page.height or 0, page.image is not None)
            for page in session.scalars(rows)
        )
    return ManifestSource(document, row.id, row.label, tuple(row.groups), dict(row.details), row.manifest, pages)


def manifest(document: ManifestSource, base_url: str) -> dict[str, Any]:
    """The manifest. Canvas ids are the catalogue's, so region links of hits point into it."""
    address = f"{base_url}/iiif/presentation/{document.id}/manifest"
    result: dict[str, Any] = {
        "@context": CONTEXT,
        "id": address,
        "type": "Manifest",
        "label": {"none": [document.label]},
        "metadata": [
            {"label": {"none": [key]}, "value": {"none": [str(value)]}}
            for key, value in sorted(document.details.items())
        ],
        "service": search_services(document.id, base_url),
        "items": [_canvas(page, base_url) for page in document.pages],
    }
    if document.source_manifest:
        result["seeAlso"] = [{"id": document.source_manifest, "type": "Manifest"}]
    return result


def search_services(document: str, base_url: str) -> Sequence[dict[str, str]]:
    """Content Search 2 and 1 within one document; most viewers speak 1 only."""
    return [
        {"id": f"{base_url}/iiif/search/2/{document}", "type": "SearchService2"},
        {
            "@context": "http://iiif.io/api/search/1/context.json",
            "@id": f"{base_url}/iiif/search/1/{document}",
            "@type": "SearchService1",
            "profile": "http://iiif.io/api/search/1/search",
        },
    ]


def _canvas(page: CanvasSource, base_url: str) -> dict[str, Any]:
    service = f"{base_url}/iiif/image/{page.id}"
    painting = {
        "id": f"{service}#painting",
        "type": "Annotation",
        "motivation": "painting",
        "target": page.canvas,
        "body": {
            "id": f"{service}/full/max/0/default.jpg",
            "type": "Image",
            "format": "image/jpeg",
            "width": page.width,
            "height": page.height,
            "service": [{"id": service, "type": "ImageService3", "profile": "level2"}],
        },
    }
    canvas: dict[str, Any] = {
        "id": page.canvas,
        "type": "Canvas",
        "label": {"none": [page.label]},
        "width": page.width,
        "height": page.height,
        "items": [{"id": f"{service}#page", "type": "AnnotationPage", "items": [painting] if page.has_image else []}],
    }
    if page.has_image:
        canvas["thumbnail"] = [
            {"id": f"{service}/full/!200,200/0/default.jpg", "type": "Image", "format": "image/jpeg", "service": [
                {"id": service, "type": "ImageService3", "profile": "level2"}
            ]}
        ]  # fmt: skip
    return canvas
