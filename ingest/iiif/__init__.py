"""IIIF manifests and collections, by file or URL, as documents; and the URLs that show a region of a page."""

from ingest.iiif.collection import expand_collection
from ingest.iiif.manifest import ManifestSource, open_manifest
from ingest.iiif.presentation import is_collection, is_iiif
from ingest.iiif.regions import from_derivative, parse_region_url, region_url, to_derivative

__all__ = [
    "ManifestSource",
    "expand_collection",
    "from_derivative",
    "is_collection",
    "is_iiif",
    "open_manifest",
    "parse_region_url",
    "region_url",
    "to_derivative",
]
