"""Single pictures: JPEG, PNG, JPEG 2000, WebP. One file is one document of one page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import imagecodecs
import numpy as np

from infra.errors import LimitError, UnsupportedError
from infra.settings import Settings
from ingest.sources import local_file
from ingest.sources.checks import check_not_blank, check_size, named_errors
from ingest.sources.detect import HEAD_BYTES, Kind, detect
from ingest.sources.jpeg import jpeg_page
from ingest.sources.pillow import exif_orientation, open_image
from ingest.sources.pixels import Uint8, eight_bit, from_pillow, over_white, upright, without_colour
from ingest.sources.source import PageImage, PageRef, SourceInfo

PICTURES = (Kind.JPEG, Kind.PNG, Kind.JPEG2000, Kind.WEBP)


class ImageSource:
    """A picture file as a document of one page."""

    def __init__(self, path: str, settings: Settings) -> None:
        self._path = path
        self._settings = settings

    @cached_property
    def info(self) -> SourceInfo:
        """What is known of the document; reads the file once for its digest."""
        return SourceInfo(self._path, "image", Path(self._path).stem, local_file.digest(self._path))

    def pages(self) -> Sequence[PageRef]:
        """The one page; nothing is read for it."""
        return (PageRef(1, "1"),)

    def read(self, page: PageRef) -> PageImage:
        """The picture, upright. Raises InputError."""
        with named_errors(self._path, page.number):
            size = local_file.check_file(self._path, self._settings)
            # Even unpacked 16-bit RGBA takes 8 bytes a pixel; a picture file beyond that is not worth loading.
            if size > 8 * self._settings.max_pixels + (1 << 20):
                raise LimitError(f"The picture file has {size:,} bytes, more than MANUSPECT_MAX_PIXELS could fill.")
            return decode_picture(Path(self._path).read_bytes(), self._path, self._settings)

    def close(self) -> None:
        """Nothing is held open."""


def decode_picture(data: bytes, name: str, settings: Settings) -> PageImage:
    """An encoded JPEG, PNG, JPEG 2000 or WebP as an upright page, checked for size before and for blankness after.

    `encoded` keeps a JPEG or JPEG 2000 stream that needs no turning. Raises LimitError, CorruptError, UnsupportedError,
    BlankImageError without a place, or whatever the decoder raises: call it inside `named_errors`.
    """
    kind = detect(data[:HEAD_BYTES], name)
    if kind not in PICTURES:
        raise UnsupportedError(f"It is a {kind.upper()} file, not a picture.")
    page = jpeg_page(data, settings, honour_exif=True) if kind is Kind.JPEG else _by_pillow(data, kind, settings)
    check_not_blank(page.pixels)
    return page


def _by_pillow(data: bytes, kind: Kind, settings: Settings) -> PageImage:
    with open_image(io.BytesIO(data)) as image:
        check_size(*image.size, settings)
        if getattr(image, "n_frames", 1) > 1:
            raise UnsupportedError("It is an animation of several frames. Save the frames as single pictures.")
        orientation = exif_orientation(image)
        if kind is Kind.PNG and data[24:25] == b"\x10":
            pixels = _sixteen_bit_png(data)
        else:
            image.load()
            pixels = from_pillow(image)
        pixels = upright(pixels, orientation)
    keep = kind is Kind.JPEG2000 and orientation == 1
    return PageImage(pixels.shape[1], pixels.shape[0], pixels, encoded=data if keep else None)


def _sixteen_bit_png(data: bytes) -> Uint8:
    """Pillow keeps the upper half of 16-bit colours, which is black where only 12 bits are in use."""
    samples = imagecodecs.png_decode(data)
    if samples.ndim == 2:
        return eight_bit(samples)
    colours = 3 if samples.shape[2] >= 3 else 1
    channels = eight_bit(samples[..., :colours])
    colour = channels if colours == 3 else channels[..., 0]
    if samples.shape[2] > colours:
        colour = over_white(colour, (samples[..., -1] >> 8).astype(np.uint8))
    return without_colour(np.ascontiguousarray(colour))
