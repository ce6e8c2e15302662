"""What the pages of one running portal share. Streamlit runs them as scripts, so it cannot be passed to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infra.settings import Settings
from ingest.catalogue import Catalogue
from ui.portal.finder import Finder
from ui.portal.importing import Importer
from ui.portal.viewers import ExternalViewer
from ui.service.image_routes import ImageService


@dataclass(frozen=True, slots=True)
class Portal:
    """Built once at the start."""

    settings: Settings
    catalogue: Catalogue
    finder: Finder
    importer: Importer
    images: ImageService
    on_loopback: bool
    """Only people at this machine reach the portal."""
    viewers: Sequence[ExternalViewer] = ()
    """Where a page can be opened too."""


_portal: Portal | None = None


def install(portal: Portal) -> None:
    """Make it the portal whose pages this process shows."""
    global _portal
    _portal = portal


def portal() -> Portal:
    """The portal whose pages this process shows."""
    if _portal is None:
        raise RuntimeError("no portal is installed in this process")
    return _portal
