"""Page image and request to the bytes of one picture: read, scale, turn, encode."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from infra.errors import StorageError
from infra.files import FileStore
from ingest.page_images import PageImageReader
from ui.service.image_request import ImageRequest

_ENCODINGS: dict[str, list[int]] = {
    "jpg": [cv2.IMWRITE_JPEG_QUALITY, 85],
    "png": [cv2.IMWRITE_PNG_COMPRESSION, 3],
    "webp": [cv2.IMWRITE_WEBP_QUALITY, 80],
}
_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}

Pixels = NDArray[np.uint8]
"""uint8 (H, W) grey or (H, W, 3) RGB."""


class PageReader:
    """Renders requests from stored page images. Any thread may call it.

    The images used last stay open, since opening one costs more than reading a word from it. Raises NotFoundError for a
    key that is not stored, StorageError where the image cannot be read.
    """

    def __init__(self, store: FileStore, *, capacity: int = 64) -> None:
        self._store = store
        self._capacity = capacity
        self._open: OrderedDict[tuple[str, int, int], PageImageReader] = OrderedDict()
        self._lock = threading.Lock()

    def size(self, key: str) -> tuple[int, int]:
        """Width, height of the full-resolution image."""
        return self._reader(key).size

    def render(self, key: str, request: ImageRequest) -> bytes:
        """The encoded picture."""
        pixels: Pixels = self._reader(key).region(request.region, (request.width, request.height))
        if request.mirrored:
            pixels = _uint8(cv2.flip(pixels, 1))
        if request.rotation:
            pixels = _uint8(cv2.rotate(pixels, _TURNS[request.rotation]))
        return _encode(_with_quality(pixels, request.quality), request.format)

    def _reader(self, key: str) -> PageImageReader:
        stat = self._store.local_path(key).stat()
        known = (key, stat.st_mtime_ns, stat.st_size)  # a page written anew is another one
        with self._lock:
            if known in self._open:
                self._open.move_to_end(known)
                return self._open[known]
        reader = PageImageReader(self._store, key)
        with self._lock:
            self._open[known] = reader
            while len(self._open) > self._capacity:
                self._open.popitem(last=False)
        return reader


def _with_quality(pixels: Pixels, quality: str) -> Pixels:
    if quality in ("gray", "bitonal"):
        pixels = _uint8(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    if quality == "bitonal":
        pixels = _uint8(cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1])
    return pixels


def _encode(pixels: Pixels, image_format: str) -> bytes:
    if pixels.ndim == 3:
        pixels = _uint8(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    done, data = cv2.imencode(f".{image_format}", pixels, _ENCODINGS[image_format])
    if not done:
        raise StorageError(f"The picture cannot be written as {image_format}.")
    return data.tobytes()


def _uint8(array: Any) -> Pixels:
    """OpenCV's stubs promise any number type; these calls keep uint8."""
    return np.asarray(array, np.uint8)
