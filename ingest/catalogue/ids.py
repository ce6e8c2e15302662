"""Ids that follow from what they name, so that doing a thing twice writes the same rows and the same points."""

from __future__ import annotations

import hashlib
from uuid import UUID, uuid5

from ingest.geometry import Region

_NAMESPACE = UUID("6f2b8c1e-59f5-5d0e-9a57-0d1f8f6f3c11")


def collection_id(name: str) -> str:
    """Id of the collection of that name."""
    return str(uuid5(_NAMESPACE, f"collection/{name}"))


def document_id(collection: str, uri: str) -> str:
    """Id of the document at that absolute path or URL, in the collection of that id."""
    return str(uuid5(_NAMESPACE, f"{collection}/{uri}"))


def page_id(document: str, number: int) -> str:
    """Id of the page with that number, from 1, in the document of that id."""
    return str(uuid5(_NAMESPACE, f"{document}/{number}"))


def word_id(page: str, digest: str, region: Region, segmenter: str) -> str:
    """Id of a word: page id, the page's content, where on the canvas, and who found it there."""
    return str(uuid5(_NAMESPACE, f"{page}/{digest}/{region.xywh}/{segmenter}"))


def stored_digest(digest: str) -> str:
    """A source's digest in the 64 characters that the tables have for it."""
    return digest if len(digest) <= 64 else hashlib.sha256(digest.encode()).hexdigest()


def local_canvas(base_url: str, document: str, number: int) -> str:
    """The IIIF canvas id of a page whose source gives none."""
    return f"{base_url.rstrip('/')}/iiif/presentation/{document}/canvas/{number}"


def image_key(document: str, number: int, digest: str) -> str:
    """Key of a page's image in the file store. Another content has another key, so the old one can serve on."""
    return f"{document}/{number}/{hashlib.sha256(digest.encode()).hexdigest()[:32]}.tif"
