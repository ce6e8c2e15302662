"""One canvas, painted: its images fetched and put where they belong."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from infra.errors import CorruptError
from infra.settings import Settings
from ingest.geometry import Region
from ingest.iiif.canvas import Canvas, Painting
from ingest.iiif.image_reader import ImageReader
from ingest.iiif.location import Location
from ingest.iiif.pixels import coloured, resized
from ingest.iiif.regions import ServedImage, painting_json
from ingest.sources.checks import check_not_blank, check_size
from ingest.sources.pixels import Uint8, without_colour
from ingest.sources.source import PageImage

_Placed = tuple[PageImage, Region]
"""An image and its place, in canvas pixels."""


def read_page(canvas: Canvas, location: Location, settings: Settings) -> PageImage:
    """The whole canvas as an image, in the resolution of its finest image, with its `painting` for region URLs.

    One image that fills the canvas is given as it is, byte for byte where possible; its size may differ from the
    canvas's. Several images, or one that fills only a part, are laid on white in painting order. Raises InputError.
    """
    if canvas.error:
        raise type(canvas.error)(canvas.error.reason)
    reader = ImageReader(location, settings)
    if len(canvas.paintings) == 1 and _fills(canvas.paintings[0], canvas.size):
        image, served = reader.read(canvas.paintings[0].picture)
        whole = Region(0, 0, *(canvas.size or (image.width, image.height)))
        shown = [replace(served, target=whole)] if served else []
        return replace(image, painting=painting_json(shown, (image.width, image.height)))
    if canvas.size is None:
        raise CorruptError("several images or a part are painted on it, but it has no width and height")
    placed: list[_Placed] = []
    all_served: list[ServedImage] = []
    for painting in canvas.paintings:
        image, served = reader.read(painting.picture)
        target = painting.target.within(*canvas.size) if painting.target else Region(0, 0, *canvas.size)
        placed.append((image, target))
        all_served += [replace(served, target=target)] if served else []
    page = _composed(canvas.size, placed, settings)
    return replace(page, painting=painting_json(all_served, (page.width, page.height)))


def _fills(painting: Painting, size: tuple[int, int] | None) -> bool:
    return painting.target is None or (size is not None and painting.target.within(*size) == Region(0, 0, *size))


def _composed(canvas: tuple[int, int], placed: list[_Placed], settings: Settings) -> PageImage:
    scale = _scale(canvas, placed, settings)
    width, height = max(1, round(canvas[0] * scale)), max(1, round(canvas[1] * scale))
    check_size(width, height, settings)
    pixels: Uint8 = np.full((height, width, 3), 255, np.uint8)
    for image, target in placed:
        place = target.scaled(canvas, (width, height))
        pixels[place.y : place.y2, place.x : place.x2] = coloured(resized(image.pixels, place.w, place.h))
    pixels = without_colour(pixels)
    check_not_blank(pixels)
    return PageImage(width, height, pixels)


def _scale(canvas: tuple[int, int], placed: list[_Placed], settings: Settings) -> float:
    """Pixels for one canvas pixel: as many as the finest image has, as far as the limits allow."""
    finest = max(max(image.width / target.w, image.height / target.h) for image, target in placed)
    by_side = settings.max_side / (max(canvas) + 1)
    by_area = math.sqrt(settings.max_pixels / ((canvas[0] + 1) * (canvas[1] + 1)))
    return min(finest, by_side, by_area)
