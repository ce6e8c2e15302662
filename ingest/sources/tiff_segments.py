"""The strips or tiles of a TIFF page, checked before any is decoded: present, complete, and no bombs."""

from __future__ import annotations

import io
from typing import BinaryIO

import tifffile

from infra.errors import CorruptError, LimitError, UnsupportedError
from ingest.sources.pillow import open_image

_RAW = 1
_BOUNDED = {2, 3, 4, 8, 32946, 5, 32773, 34925, 50000, 34926}
"""CCITT, deflate, LZW, PackBits, LZMA, zstd: decoded into a buffer of the size the page's header asks for."""
_OLD_JPEG = 6
_PICTURES = {7, 33003, 33004, 33005, 34712, 50001}
"""JPEG, JPEG 2000, WebP: each segment is a picture with a size of its own, which need not be what the page says."""


def check_segments(page: tifffile.TiffPage, file: BinaryIO, size: int) -> None:
    """Hold the segments of a page against the `size` bytes of its file.

    Readers fill missing segments with black, and decode a picture inside a tile at whatever size it claims. Raises
    CorruptError, LimitError, UnsupportedError.
    """
    compression = int(page.compression)
    if compression not in _BOUNDED | _PICTURES | {_RAW, _OLD_JPEG}:
        raise UnsupportedError(
            f"Its compression (TIFF {compression}) is not read. Save it with LZW, deflate, JPEG or JPEG 2000."
        )
    _check_present(page, size)
    if compression in _PICTURES:
        _check_pictures(page, file)


def _check_present(page: tifffile.TiffPage, size: int) -> None:
    offsets, counts = page.dataoffsets, page.databytecounts
    if not offsets or len(offsets) != len(counts):
        raise CorruptError("The page does not say where its pixels are. Fetch or scan the file again.")
    for offset, count in zip(offsets, counts, strict=True):
        if not count or offset + count > size:
            raise CorruptError(
                f"The file is cut off: pixels at byte {offset:,} to {offset + count:,} of {size:,}."
                " Fetch or scan it again."
            )
    width, height = _segment_size(page)
    planes = page.samplesperpixel if page.planarconfig == 2 else 1
    needed = -(-page.imagelength // height) * -(-page.imagewidth // width) * planes
    if len(offsets) < needed:
        raise CorruptError(
            f"The page has {len(offsets)} of the {needed} strips or tiles it needs. Fetch or scan the file again."
        )


def _check_pictures(page: tifffile.TiffPage, file: BinaryIO) -> None:
    width, height = _segment_size(page)
    # Encoders pad a picture to whole blocks, and one JPEG may hold the rest of the page.
    most = (max(width, page.imagewidth) + 64, max(height, page.imagelength) + 64)
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        file.seek(offset)
        with open_image(io.BytesIO(file.read(count))) as picture:
            if (
                picture.width > most[0]
                or picture.height > most[1]
                or picture.width * picture.height > most[0] * most[1]
            ):
                raise LimitError(
                    f"A strip or tile claims {picture.width} x {picture.height} pixels on a page of"
                    f" {page.imagewidth} x {page.imagelength}. Fetch or scan the file again."
                )


def _segment_size(page: tifffile.TiffPage) -> tuple[int, int]:
    """Width and height of a full strip or tile, pixels."""
    if page.is_tiled:
        return max(1, page.tilewidth), max(1, page.tilelength)
    rows = page.rowsperstrip or page.imagelength
    return page.imagewidth, min(rows, page.imagelength)
