"""JPEG, decoded so that a damaged stream is an error and never a half-grey page."""

from __future__ import annotations

import io

from infra.errors import CorruptError
from infra.settings import Settings
from ingest.sources.checks import check_size
from ingest.sources.pillow import exif_orientation, open_image
from ingest.sources.pixels import Uint8, from_inks, upright
from ingest.sources.source import PageImage
from ingest.vips import pyvips

_DAMAGE = ("premature end", "bad huffman", "bad arithmetic", "instead of rst")
"""libjpeg's words for lost image data (jerror.h); other warnings, such as stray bytes between markers, are harmless."""


def decode_jpeg(data: bytes, settings: Settings) -> Uint8:
    """uint8 (H, W) grey or (H, W, 3) RGB as stored, EXIF orientation not applied.

    Raises LimitError by the header, CorruptError where the stream is cut off or damaged.
    """
    with open_image(io.BytesIO(data)) as header:
        check_size(*header.size, settings)
    try:
        return _decoded(data, "warning")
    except pyvips.Error as error:
        message = str(error).lower()
        if "premature end of input" in message:
            # Some scanners leave out the end marker; with it put back, only a stream that lacks pixels still complains.
            return _with_end_marker(data)
        if any(word in message for word in _DAMAGE):
            raise _damaged(error) from error
    try:
        return _decoded(data, "error")
    except pyvips.Error as error:
        raise _damaged(error) from error


def jpeg_page(data: bytes, settings: Settings, *, honour_exif: bool) -> PageImage:
    """A JPEG as a page; the stream itself is kept where EXIF does not turn it.

    Inside a PDF the orientation in EXIF counts for nothing (`honour_exif=False`), but whoever decodes the stream later
    would obey it, so it is not kept there either.
    """
    with open_image(io.BytesIO(data)) as header:
        orientation = exif_orientation(header)
    pixels = decode_jpeg(data, settings)
    if orientation == 1:
        return PageImage(pixels.shape[1], pixels.shape[0], pixels, encoded=data)
    if honour_exif:
        pixels = upright(pixels, orientation)
    return PageImage(pixels.shape[1], pixels.shape[0], pixels)


def _with_end_marker(data: bytes) -> Uint8:
    try:
        return _decoded(data + b"\xff\xd9", "warning")
    except pyvips.Error as error:
        raise _damaged(error) from error


def _decoded(data: bytes, fail_on: str) -> Uint8:
    image = pyvips.Image.jpegload_buffer(data, fail_on=fail_on, autorotate=False, access="sequential")
    if image.bands not in (1, 3, 4):
        raise CorruptError(f"The JPEG has {image.bands} channels; 1, 3 or 4 are possible.")
    pixels: Uint8 = image.numpy()
    return from_inks(pixels) if image.bands == 4 else pixels


def _damaged(error: pyvips.Error) -> CorruptError:
    detail = " ".join(str(error).split("VipsJpeg: ")[-1].split())
    return CorruptError(f"The JPEG data is cut off or damaged: {detail}. Fetch or scan it again.")
