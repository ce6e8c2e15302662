"""Encoded images as servers and folders give them."""

from __future__ import annotations

from tempfile import NamedTemporaryFile

from infra.errors import InputError
from infra.settings import Settings
from ingest.sources.detect import HEAD_BYTES, Kind, detect
from ingest.sources.jpeg import jpeg_page
from ingest.sources.raster import decode_picture
from ingest.sources.source import PageImage, PageRef
from ingest.sources.tiff import TiffSource


def decode_piece(data: bytes, name: str, settings: Settings) -> PageImage:
    """A piece of a page, which unlike a page may be blank: the margin is paper and nothing else."""
    if detect(data[:HEAD_BYTES], name) is Kind.JPEG:
        return jpeg_page(data, settings, honour_exif=True)
    return decode_picture(data, name, settings)


def decode_plain(data: bytes, name: str, settings: Settings) -> PageImage:
    """A plain image: a picture, or the first page of a TIFF, whose reader wants a file."""
    if detect(data[:HEAD_BYTES], name) is not Kind.TIFF:
        return decode_picture(data, name, settings)
    with NamedTemporaryFile(suffix=".tif") as file:
        file.write(data)
        file.flush()
        source = TiffSource(file.name, settings)
        try:
            return source.read(PageRef(1, "1"))
        except InputError as error:
            error.input = error.page = None  # the temporary file's name means nothing to anybody
            raise
        finally:
            source.close()
