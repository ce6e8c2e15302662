"""What is painted where: canvases of Presentation 2 and 3 in one form."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from infra.errors import CorruptError, InputError
from ingest.geometry import Region
from ingest.iiif.values import MAX_DIMENSION, Node

_BOX = re.compile(r"(?:xywh=)?(?:(pixel|percent|pct):)?" + ",".join([r"(\d{1,9}(?:\.\d{0,9})?)"] * 4))


@dataclass(frozen=True, slots=True)
class Box:
    """A region as a manifest writes it: in pixels of its frame, or in percent of it."""

    x: float
    y: float
    w: float
    h: float
    percent: bool = False

    @classmethod
    def parse(cls, text: str) -> Box:
        """Read `x,y,w,h`, with or without `xywh=`, `pixel:`, `percent:` or `pct:`. CorruptError for anything else."""
        match = _BOX.fullmatch(text.strip())
        if match is None:
            raise CorruptError(f"{text[:60]!r} is not a region")
        unit, *numbers = match.groups()
        x, y, w, h = map(float, numbers)
        if not (w > 0 and h > 0 and max(x, y, w, h) <= MAX_DIMENSION):
            raise CorruptError(f"the region {text[:60]!r} is empty or endless")
        return cls(x, y, w, h, percent=unit in ("percent", "pct"))

    def within(self, width: int, height: int) -> Region:
        """The whole pixels it touches of a frame of that size, clipped; CorruptError where it lies outside."""
        fx, fy = (width / 100, height / 100) if self.percent else (1.0, 1.0)
        x, y = math.floor(self.x * fx), math.floor(self.y * fy)
        x2 = min(width, math.ceil((self.x + self.w) * fx))
        y2 = min(height, math.ceil((self.y + self.h) * fy))
        if x2 <= x or y2 <= y:
            raise CorruptError(
                f"the region {self.x:g},{self.y:g},{self.w:g},{self.h:g} lies outside {width} x {height}"
            )
        return Region(x, y, x2 - x, y2 - y)


@dataclass(frozen=True, slots=True)
class Service:
    """An image service as a manifest refers to it."""

    url: str
    """Base URL or, in a local manifest, a path; as written, without a trailing slash."""
    embedded: Node
    """What the manifest itself says of it; may be empty."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image to paint, and which part of it."""

    image: str | None
    """Where the image itself is, as written; None where only the service is known."""
    service: Service | None
    size: tuple[int, int] | None
    """Width, height the manifest gives the image; the service may have more."""
    part: Box | None = None
    """The part to paint, None: all."""
    part_of_image: bool = False
    """`part` is in pixels of the image as sized here, not of the service's full image."""
    rotation: int = 0
    """Clockwise, before painting: 0, 90, 180 or 270."""


@dataclass(frozen=True, slots=True)
class Painting:
    """A picture and its place on the canvas."""

    picture: Picture
    target: Box | None
    """In canvas pixels; None: all of the canvas."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """One page. Either `error` is set or there is at least one painting."""

    number: int
    label: str
    id: str | None
    size: tuple[int, int] | None
    paintings: tuple[Painting, ...]
    error: InputError | None = None
