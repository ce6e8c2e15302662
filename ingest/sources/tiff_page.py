"""One TIFF page to uint8 grey or RGB, upright, whatever its compression, inks, bits and planes."""

from __future__ import annotations

import logging
from typing import Any, BinaryIO, cast

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import TiffImagePlugin

from infra.errors import CorruptError, UnsupportedError
from infra.settings import Settings
from ingest.sources.checks import check_size
from ingest.sources.pillow import open_image
from ingest.sources.pixels import (
    Uint8,
    eight_bit,
    from_inks,
    from_lab,
    from_pillow,
    over_white,
    upright,
    without_colour,
)
from ingest.sources.tiff_listing import Header
from ingest.sources.tiff_segments import check_segments
from ingest.sources.tiff_view import PageView

_MINISWHITE, _MINISBLACK, _RGB, _PALETTE, _SEPARATED, _YCBCR, _CIELAB, _ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
_OLD_JPEG, _JPEG = 6, 7
_PLAIN = (1, 5, 8, 32773, 32946)
"""Stored as they are, LZW, deflate, PackBits: where chroma may be subsampled outside of a picture codec."""
_PREMULTIPLIED, _ALPHA = 1, 2

# It logs what is wrong with a file; our errors say so already, with the file and the page.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)


def read_directory(file: BinaryIO, size: int, header: Header, offset: int, settings: Settings) -> Uint8:
    """The page whose directory lies at `offset` of a file of `size` bytes.

    Raises LimitError by the header, CorruptError where pixels are missing, UnsupportedError for what nobody scans
    (signed, floating-point, volumes); decoders' own errors pass through.
    """
    view = PageView(file, header, offset)
    with tifffile.TiffFile(view, name="page", is_lsm=False, is_scanimage=False, is_ndpi=False) as tif:
        page = cast(tifffile.TiffPage, tif.pages[0])
        check_size(page.imagewidth, page.imagelength, settings)
        check_segments(page, file, size)
        if page.compression == _OLD_JPEG or (page.photometric == _YCBCR and _is_subsampled(page)):
            pixels = _by_libtiff(view)
        else:
            samples = page.asarray(squeeze=False, maxworkers=1)
            pixels = _in_colour(_planes_last(samples), page)
        # An enum member where the number is known, an int where it is not.
        orientation = int(page.tags.valueof(274, default=1) or 1)
    return upright(pixels, orientation)


def _is_subsampled(page: tifffile.TiffPage) -> bool:
    """Chroma at lower resolution outside of JPEG, which tifffile leaves to others."""
    return page.compression in _PLAIN and tuple(page.tags.valueof(530, default=(2, 2))) != (1, 1)


def _by_libtiff(view: PageView) -> Uint8:
    view.seek(0)
    with open_image(cast(BinaryIO, view), (TiffImagePlugin.TiffImageFile.format,)) as image:
        image.load()
        # Pillow turns the page itself on loading when asked for by `exif_transpose` only; here it is still as stored.
        return from_pillow(image)


def _planes_last(samples: NDArray[Any]) -> NDArray[Any]:
    """tifffile's (planes, depth, height, width, samples) to (height, width, channels)."""
    if samples.ndim != 5 or samples.shape[1] != 1:
        raise UnsupportedError("It is a volume, not a picture.")
    planes = samples[:, 0]
    return planes[0] if len(planes) == 1 else np.moveaxis(planes[..., 0], 0, -1)


def _in_colour(samples: NDArray[Any], page: tifffile.TiffPage) -> Uint8:
    """Samples (H, W, C) of any kind to uint8 grey (H, W) or RGB (H, W, 3)."""
    bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    photometric = int(page.photometric)
    if photometric == _PALETTE:
        return _from_palette(samples[..., 0], page)
    channels = eight_bit(samples, bits)
    match photometric:
        case 0 | 1 | 4:
            grey = channels[..., 0] if photometric else 255 - channels[..., 0]
            return _over_paper(grey, channels, page, 1)
        case 2:
            return without_colour(_over_paper(channels[..., :3], channels, page, 3))
        case 5 if channels.shape[-1] >= 4:
            return from_inks(channels[..., :4])
        case 6 if page.compression == _JPEG:
            return np.ascontiguousarray(channels[..., :3])  # already RGB out of the JPEG decoder
        case 6:
            return np.asarray(
                cv2.cvtColor(np.ascontiguousarray(channels[..., [0, 2, 1]]), cv2.COLOR_YCrCb2RGB), np.uint8
            )
        case 8 if bits == 8 and channels.shape[-1] == 3:
            return from_lab(channels ^ np.array([0, 128, 128], np.uint8))
        case 9 if bits == 8 and channels.shape[-1] == 3:
            return from_lab(channels)
    raise UnsupportedError(f"Its colours are of a kind that is not read (TIFF photometric {photometric}).")


def _over_paper(colour: Uint8, channels: Uint8, page: tifffile.TiffPage, first_extra: int) -> Uint8:
    """Colour laid over white where the page has an alpha channel; other extra channels are ignored."""
    for index, kind in enumerate(page.extrasamples, first_extra):
        if kind in (_PREMULTIPLIED, _ALPHA) and index < channels.shape[-1]:
            return over_white(colour, channels[..., index], premultiplied=kind == _PREMULTIPLIED)
    return colour


def _from_palette(indices: NDArray[Any], page: tifffile.TiffPage) -> Uint8:
    colormap = page.colormap
    if colormap is None or not len(indices) or int(indices.max()) >= colormap.shape[1]:
        raise CorruptError("Its palette is missing or too short. Fetch or scan the file again.")
    # Meant to be 16-bit; some programs write 8-bit values.
    table = (colormap >> 8 if colormap.max() > 255 else colormap).astype(np.uint8).T
    return without_colour(table[indices.astype(np.intp)])
