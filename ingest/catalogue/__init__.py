"""The truth about collections, documents, pages and words; the index can always be rebuilt from it."""

from ingest.catalogue.catalogue import Catalogue
from ingest.catalogue.tables import DocumentState, PageState, SpaceState

__all__ = ["Catalogue", "DocumentState", "PageState", "SpaceState"]
