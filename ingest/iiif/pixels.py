"""Cutting, turning and scaling the pixels of pages; a page changed by any of them no longer has its original stream."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from ingest.geometry import Region
from ingest.sources.pixels import Uint8
from ingest.sources.source import PageImage


def cut(image: PageImage, part: Region) -> PageImage:
    """A part of an image, given in its own pixels."""
    if part == Region(0, 0, image.width, image.height):
        return image
    pixels = np.ascontiguousarray(image.pixels[part.y : part.y2, part.x : part.x2])
    return PageImage(part.w, part.h, pixels)


def turned(image: PageImage, rotation: int) -> PageImage:
    """Clockwise by 0, 90, 180 or 270 degrees."""
    if rotation == 0:
        return image
    pixels = np.ascontiguousarray(np.rot90(image.pixels, -(rotation // 90)))
    return replace(image, width=pixels.shape[1], height=pixels.shape[0], pixels=pixels, encoded=None)


def resized(pixels: Uint8, width: int, height: int) -> Uint8:
    """uint8 (H, W) or (H, W, 3) at another size: averaged where it shrinks, interpolated where it grows."""
    if pixels.shape[1] == width and pixels.shape[0] == height:
        return pixels
    shrinks = width < pixels.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=way), dtype=np.uint8)


def coloured(pixels: Uint8) -> Uint8:
    """uint8 (H, W) or (H, W, 3) as (H, W, 3) RGB."""
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
