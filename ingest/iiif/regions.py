"""The one place where coordinates change: derivative, canvas, image service, and the URLs that show a region.

Everything else speaks canvas pixels. A page whose canvas shows images of a service carries a `painting`, the JSON made
by `painting_json`, which says for each image where on the canvas it lies and how its service is asked. All arithmetic
is on whole numbers and rounds outwards, so that no pixel of a region is lost on the way; results are clipped to the
image. The syntax is that of the IIIF Image API 1.1, 2.1 and 3.0, section 4 of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ingest.geometry import Region

Size = tuple[int, int]
"""Width, height in pixels."""

_REQUEST = re.compile(
    r"(?P<service>.+)/(?P<region>full|square|(?:pct:)?[\d.]+,[\d.]+,[\d.]+,[\d.]+)"
    r"/(?P<size>\^?(?:full|max|pct:[\d.]+|!?\d+,\d+|\d+,|,\d+))"
    r"/(?P<rotation>!?\d+(?:\.\d+)?)/(?P<quality>\w+)\.(?P<format>\w+)"
)


class PagePlace(Protocol):
    """What of a page a region URL needs; a catalogue's page row is one."""

    @property
    def id(self) -> str:
        """The page's id."""
        ...

    @property
    def width(self) -> int | None:
        """Canvas width, pixels."""
        ...

    @property
    def height(self) -> int | None:
        """Canvas height, pixels."""
        ...

    @property
    def image_service(self) -> str | None:
        """Base URL of the page's image service."""
        ...

    @property
    def painting(self) -> Mapping[str, Any] | None:
        """`PageImage.painting` of the page, None where it was not recorded."""
        ...


@dataclass(frozen=True, slots=True)
class ServedImage:
    """One image on a canvas, whose service gives any region of it."""

    service: str
    """Base URL, without a trailing slash."""
    version: int
    """Of the Image API: 1, 2 or 3."""
    size: Size
    """Of the service's full image."""
    part: Region
    """What is painted, in pixels of the full image."""
    target: Region
    """Where it is painted, in canvas pixels."""
    rotation: int = 0
    """Clockwise, before painting: 0, 90, 180 or 270."""
    limited: bool = False
    """The service limits the size of its answers, so `max` and not `full` is what it will give."""
    turns: bool = True
    """The service can turn what it gives; else URLs show the region as the service has it."""

    def to_image(self, region: Region) -> Region | None:
        """Canvas pixels to pixels of the service's full image; None where the image does not reach."""
        visible = region.intersection(self.target)
        if visible is None:
            return None
        moved = Region(visible.x - self.target.x, visible.y - self.target.y, visible.w, visible.h)
        turned = _scaled(moved, (self.target.w, self.target.h), self._turned_size)
        inner = _unturned(turned, self._turned_size, self.rotation)
        return Region(inner.x + self.part.x, inner.y + self.part.y, inner.w, inner.h)

    def to_canvas(self, region: Region) -> Region | None:
        """Pixels of the service's full image to canvas pixels; None where that part is not painted."""
        visible = region.intersection(self.part)
        if visible is None:
            return None
        inner = Region(visible.x - self.part.x, visible.y - self.part.y, visible.w, visible.h)
        # Turning back is turning on by what is left of the full circle.
        turned = _unturned(inner, (self.part.w, self.part.h), (360 - self.rotation) % 360)
        moved = _scaled(turned, self._turned_size, (self.target.w, self.target.h))
        return Region(moved.x + self.target.x, moved.y + self.target.y, moved.w, moved.h)

    def url(self, region: Region) -> str | None:
        """URL of the part of the image under a canvas region, at full resolution and turned as painted."""
        inner = self.to_image(region)
        if inner is None:
            return None
        rotation = self.rotation if self.turns else 0
        return f"{self.service}/{inner.xywh}/{self._size_keyword}/{rotation}/{quality(self.version)}.jpg"

    @property
    def _turned_size(self) -> Size:
        """Size of the painted part after rotation."""
        return (self.part.h, self.part.w) if self.rotation in (90, 270) else (self.part.w, self.part.h)

    @property
    def _size_keyword(self) -> str:
        return "max" if self.version >= 3 or self.limited else "full"


@dataclass(frozen=True, slots=True)
class RegionRequest:
    """The parts of an image request, as written."""

    service: str
    region: str
    """`full`, `square`, `x,y,w,h` or `pct:x,y,w,h`."""
    size: str
    rotation: str
    quality: str
    format: str


def quality(version: int) -> str:
    """What the ordinary rendering of an image is called."""
    return "native" if version == 1 else "default"


def region_url(page: PagePlace, region: Region, base_url: str | None = None) -> str | None:
    """URL of an image of a region, given in canvas pixels.

    Of the page's own image service where it gives regions; on a canvas of several images, of the one that shows most of
    the region, the upper one where they show the same. Else of our image service under `base_url`, which speaks in
    pixels of the stored page image; None where there is neither or the region lies outside the canvas.
    """
    if page.width and page.height:
        inside = region.clipped(page.width, page.height)
        if inside is None:
            return None
        region = inside
    shown = [
        (common.area, at, image)
        for at, image in enumerate(_images(page))
        if (common := image.target.intersection(region))
    ]
    if shown:
        return max(shown, key=lambda entry: entry[:2])[2].url(region)
    if not base_url:
        return None
    stored = page.painting["stored"] if page.painting else None
    if stored and page.width and page.height:
        region = _scaled(region, (page.width, page.height), (stored[0], stored[1]))
    return f"{base_url.rstrip('/')}/iiif/image/{page.id}/{region.xywh}/max/0/default.jpg"


def parse_region_url(url: str) -> RegionRequest | None:
    """The parts of an image request URL of any version, None where it is not one."""
    match = _REQUEST.fullmatch(url.partition("?")[0].partition("#")[0])
    return RegionRequest(**match.groupdict()) if match else None


def from_derivative(region: Region, derivative: Size, canvas: Size) -> Region | None:
    """A region of a scaled-down (or -up) image of the whole canvas, in canvas pixels; None where it lies outside."""
    inside = region.clipped(*derivative)
    return _scaled(inside, derivative, canvas) if inside else None


def to_derivative(region: Region, canvas: Size, derivative: Size) -> Region | None:
    """A canvas region in pixels of a scaled image of the whole canvas; None where it lies outside."""
    inside = region.clipped(*canvas)
    return _scaled(inside, canvas, derivative) if inside else None


def painting_json(images: Iterable[ServedImage], stored: Size) -> dict[str, Any]:
    """What `PageImage.painting` holds and the catalogue stores.

    `images`: those that a service gives, in painting order, undermost first; `stored`: size of the page image as read.
    """
    return {
        "stored": list(stored),
        "images": [
            {
                "service": image.service,
                "version": image.version,
                "size": list(image.size),
                "part": image.part.xywh,
                "target": image.target.xywh,
                "rotation": image.rotation,
                "limited": image.limited,
                "turns": image.turns,
            }
            for image in images
        ],
    }


def _images(page: PagePlace) -> list[ServedImage]:
    if page.painting is not None:
        return [
            ServedImage(
                service=entry["service"],
                version=entry["version"],
                size=(entry["size"][0], entry["size"][1]),
                part=Region.parse(entry["part"]),
                target=Region.parse(entry["target"]),
                rotation=entry["rotation"],
                limited=entry["limited"],
                turns=entry["turns"],
            )
            for entry in page.painting["images"]
        ]
    if page.image_service and page.width and page.height:
        # Nothing recorded: the usual case, one image that fills a canvas of its own size, in the syntax most know.
        whole = Region(0, 0, page.width, page.height)
        return [ServedImage(page.image_service, 2, (page.width, page.height), whole, whole)]
    return []


def _scaled(region: Region, from_size: Size, to_size: Size) -> Region:
    """The smallest region of `to_size` that covers a region inside `from_size`."""
    x, x2 = _stretch(region.x, region.x2, from_size[0], to_size[0])
    y, y2 = _stretch(region.y, region.y2, from_size[1], to_size[1])
    return Region(x, y, x2 - x, y2 - y)


def _stretch(start: int, end: int, length: int, new_length: int) -> tuple[int, int]:
    return start * new_length // length, -(-end * new_length // length)


def _unturned(region: Region, size: Size, rotation: int) -> Region:
    """Where a region of an image of that size, turned clockwise by `rotation`, was before it was turned."""
    width, height = size
    match rotation:
        case 90:
            return Region(region.y, width - region.x2, region.h, region.w)
        case 180:
            return Region(width - region.x2, height - region.y2, region.w, region.h)
        case 270:
            return Region(height - region.y2, region.x, region.h, region.w)
    return region
