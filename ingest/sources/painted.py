"""Image files that a IIIF manifest shows: the manifest is their document, so they are no documents of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from infra.errors import InputError
from infra.settings import Settings
from ingest.sources.detect import Kind, detect
from ingest.sources.local_file import head
from ingest.sources.sidecars import is_sidecar, scan_names

_IIIF = re.compile(rb"iiif\.io/api/|shared-canvas\.org/|\"sc:(Manifest|Collection)\"")
_SNIFF_BYTES = 1 << 18


class Painted:
    """What the manifests seen so far show. Manifests lie beside or above their files, so they are seen first."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._files: set[Path] = set()

    def add(self, paths: Iterable[Path]) -> None:
        """Look for manifests among files of one folder, those given together; raises nothing."""
        together = list(paths)
        scans = scan_names(path.name for path in together)
        for path in together:
            if path.suffix.lower() in (".json", ".jsonld") and _is_iiif_file(path, scans):
                self._files.update(self._painted_by(path))

    def __contains__(self, path: str) -> bool:
        """Whether the file, or a folder it lies in, is shown by a manifest."""
        if not self._files:
            return False
        try:
            real = Path(path).resolve()
        except (OSError, ValueError):  # told when it comes to be opened
            return False
        return real in self._files or not self._files.isdisjoint(real.parents)

    def _painted_by(self, manifest: Path) -> set[Path]:
        from ingest.iiif import open_manifest

        try:
            return open_manifest(str(manifest), self._settings).files()
        except InputError:  # told when the file itself comes to be opened
            return set()


def looks_like_iiif(path: str | Path) -> bool:
    """Whether a JSON file speaks of IIIF near its beginning. Raises OSError."""
    with Path(path).open("rb") as file:
        return _IIIF.search(file.read(_SNIFF_BYTES)) is not None


def _is_iiif_file(path: Path, scans: frozenset[str]) -> bool:
    try:
        return (
            path.is_file()
            and not is_sidecar(str(path), scans)
            and detect(head(str(path)), str(path)) is Kind.JSON
            and looks_like_iiif(path)
        )
    except (InputError, OSError):
        return False
