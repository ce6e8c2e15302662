"""Regions in canvas pixels: the only coordinates that cross a module boundary."""

from __future__ import annotations

import re
from dataclasses import dataclass

_XYWH = re.compile(r"^(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$")


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """An axis-aligned box: integer pixels of the full-resolution canvas, origin top left, w and h at least 1."""

    x: int
    y: int
    w: int
    h: int

    def __post_init__(self) -> None:
        if self.x < 0 or self.y < 0 or self.w < 1 or self.h < 1:
            raise ValueError(f"not a region: {self.x},{self.y},{self.w},{self.h}")

    @property
    def x2(self) -> int:
        """First column right of the box."""
        return self.x + self.w

    @property
    def y2(self) -> int:
        """First row below the box."""
        return self.y + self.h

    @property
    def area(self) -> int:
        """Pixels covered."""
        return self.w * self.h

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box, canvas pixels."""
        return self.x + self.w / 2, self.y + self.h / 2

    @property
    def xywh(self) -> str:
        """The media-fragment form, `x,y,w,h`."""
        return f"{self.x},{self.y},{self.w},{self.h}"

    @classmethod
    def parse(cls, text: str) -> Region:
        """Read `x,y,w,h` or `pixel:x,y,w,h`; ValueError for anything else."""
        match = _XYWH.match(text.strip())
        if match is None:
            raise ValueError(f"not x,y,w,h in pixels: {text!r}")
        return cls(*map(int, match.groups()))

    def intersection(self, other: Region) -> Region | None:
        """The common box, None where there is none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        x2, y2 = min(self.x2, other.x2), min(self.y2, other.y2)
        return Region(x, y, x2 - x, y2 - y) if x2 > x and y2 > y else None

    def union(self, other: Region) -> Region:
        """The smallest box around both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Region(x, y, max(self.x2, other.x2) - x, max(self.y2, other.y2) - y)

    def iou(self, other: Region) -> float:
        """Intersection over union, 0 to 1."""
        common = self.intersection(other)
        return common.area / (self.area + other.area - common.area) if common else 0.0

    def clipped(self, width: int, height: int) -> Region | None:
        """The part inside a canvas of that size, None where nothing is left."""
        return self.intersection(Region(0, 0, width, height))

    def scaled(self, from_size: tuple[int, int], to_size: tuple[int, int]) -> Region:
        """The smallest region of `to_size` (width, height) that covers this region of `from_size`.

        Outward rounding, so that no pixel is lost, and scaling there and back covers the original.
        """
        (fw, fh), (tw, th) = from_size, to_size
        x, y = min(tw - 1, self.x * tw // fw), min(th - 1, self.y * th // fh)
        x2, y2 = min(tw, -(-self.x2 * tw // fw)), min(th, -(-self.y2 * th // fh))
        return Region(x, y, x2 - x, y2 - y)
