"""From a path or URL to its Source, whatever its name."""

from __future__ import annotations

from infra.errors import UnsupportedError
from infra.settings import Settings
from ingest.sources.checks import named_errors
from ingest.sources.detect import Kind, detect
from ingest.sources.local_file import check_file, head, is_url, local_path
from ingest.sources.source import Source


def open_source(uri: str, settings: Settings) -> Source:
    """Open one document: a local file by its content, or a IIIF manifest by file or URL.

    Cheap: a file's first bytes are read, a manifest is fetched. Raises InputError with `input` filled in. Close the
    source when done with it.
    """
    if is_url(uri):
        from ingest.iiif import open_manifest

        return open_manifest(uri, settings)
    path = local_path(uri)
    with named_errors(path):
        check_file(path, settings)
        return _reader(detect(head(path), path), path, settings)


def _reader(kind: Kind, path: str, settings: Settings) -> Source:
    """The reader of a kind; each is imported when first needed, for they bring large libraries along."""
    match kind:
        case Kind.PDF:
            from ingest.sources.pdf import PdfSource

            return PdfSource(path, settings)
        case Kind.TIFF:
            from ingest.sources.tiff import TiffSource

            return TiffSource(path, settings)
        case Kind.JSON:
            from ingest.iiif import open_manifest

            return open_manifest(path, settings)
        case Kind.JPEG | Kind.PNG | Kind.JPEG2000 | Kind.WEBP:
            from ingest.sources.raster import ImageSource

            return ImageSource(path, settings)
    raise UnsupportedError(f"Files of the kind {kind} are not read.")
