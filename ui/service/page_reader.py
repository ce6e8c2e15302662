"""Page image and request to the bytes of one picture: read the tiles that are needed, scale, turn, encode."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyvips
from numpy.typing import NDArray

from infra.errors import CorruptError
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
    """Renders requests from pyramidal tiled TIFFs. Any thread may call it.

    Opening a TIFF costs three times what reading one word from it does (libvips reads its headers), so the levels used
    last stay open. A handle holds two rows of tiles at most.
    """

    def __init__(self, handles: int = 32) -> None:
        self._handles: OrderedDict[tuple[str, int, int, int], Any] = OrderedDict()
        self._capacity = handles
        self._lock = threading.Lock()
        pyvips.cache_set_max(0)  # libvips remembers by file name alone and would go on serving a replaced page

    def size(self, path: Path) -> tuple[int, int]:
        """Width, height of the full-resolution image. Raises CorruptError."""
        image = self._open(path, 0)
        return image.width, image.height

    def render(self, path: Path, request: ImageRequest) -> bytes:
        """The encoded picture. Raises CorruptError where the stored image cannot be read."""
        pixels = self._read(path, request)
        if (pixels.shape[1], pixels.shape[0]) != (request.width, request.height):
            shrinks = request.width < pixels.shape[1] or request.height < pixels.shape[0]
            method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
            pixels = _uint8(cv2.resize(pixels, (request.width, request.height), interpolation=method))
        if request.mirrored:
            pixels = _uint8(cv2.flip(pixels, 1))
        if request.rotation:
            pixels = _uint8(cv2.rotate(pixels, _TURNS[request.rotation]))
        return _encode(_with_quality(pixels, request.quality), request.format)

    def _read(self, path: Path, request: ImageRequest) -> Pixels:
        """The region from the smallest level of the pyramid that still has every pixel asked for."""
        full = self._open(path, 0)
        box, level = request.region, 0
        for candidate in range(1, _levels(full)):
            image = self._open(path, candidate)
            smaller = request.region.scaled((full.width, full.height), (image.width, image.height))
            if smaller.w < request.width or smaller.h < request.height:
                break
            box, level = smaller, candidate
        image = self._open(path, level)
        try:
            data = pyvips.Region.new(image).fetch(box.x, box.y, box.w, box.h)
        except pyvips.Error as error:
            raise CorruptError("The stored page image is damaged; re-index the page.") from error
        pixels = np.frombuffer(data, np.uint8).reshape(box.h, box.w, image.bands)
        return pixels[:, :, 0] if image.bands < 3 else pixels[:, :, :3]

    def _open(self, path: Path, level: int) -> Any:
        try:
            stat = path.stat()
            key = (str(path), stat.st_mtime_ns, stat.st_size, level)
            with self._lock:
                if key in self._handles:
                    self._handles.move_to_end(key)
                    return self._handles[key]
            image = pyvips.Image.new_from_file(str(path), page=level, fail_on="error")
        except (OSError, pyvips.Error) as error:
            raise CorruptError("The stored page image cannot be read; re-index the page.") from error
        if image.format != "uchar":
            raise CorruptError("The stored page image is not 8 bits deep; re-index the page.")
        with self._lock:
            self._handles[key] = image
            while len(self._handles) > self._capacity:
                self._handles.popitem(last=False)
        return image


def _levels(image: Any) -> int:
    return int(image.get("n-pages")) if image.get_typeof("n-pages") else 1


def _with_quality(pixels: Pixels, quality: str) -> Pixels:
    if quality in ("gray", "bitonal") and pixels.ndim == 3:
        pixels = _uint8(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    if quality == "bitonal":
        pixels = _uint8(cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1])
    return pixels


def _encode(pixels: Pixels, image_format: str) -> bytes:
    if pixels.ndim == 3:
        pixels = _uint8(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    done, data = cv2.imencode(f".{image_format}", pixels, _ENCODINGS[image_format])
    if not done:
        raise CorruptError(f"The picture cannot be written as {image_format}.")
    return data.tobytes()


def _uint8(array: Any) -> Pixels:
    """OpenCV's stubs promise any number type; these calls keep uint8."""
    return np.asarray(array, np.uint8)
