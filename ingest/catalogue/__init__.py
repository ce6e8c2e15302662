"""The truth about collections, documents, pages and words; the index can always be rebuilt from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingest.catalogue.states import DocumentState, PageState, SpaceState

if TYPE_CHECKING:
    from ingest.catalogue.catalogue import Catalogue

__all__ = ["Catalogue", "DocumentState", "PageState", "SpaceState"]


def __getattr__(name: str) -> Any:
    """Load the database library only for those who open a catalogue; page processes do not."""
    if name == "Catalogue":
        from ingest.catalogue.catalogue import Catalogue

        return Catalogue
    raise AttributeError(name)
