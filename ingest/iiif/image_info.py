"""info.json of an image service, versions 1, 2 and 3, in one form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isqrt

from infra.errors import CorruptError
from ingest.iiif.picture import version_of
from ingest.iiif.values import Node, dimension, node, several, size_of

MAX_LISTED = 1_000
"""Sizes, tile shapes and scale factors looked at."""

_LEVEL = re.compile(r"level([012])")


@dataclass(frozen=True, slots=True)
class Tiles:
    """Tiles of `width` x `height` at each scale factor: 1 is full resolution, 2 half."""

    width: int
    height: int
    factors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a service has, and how it may be asked."""

    version: int
    size: tuple[int, int]
    """Width, height of the full image."""
    regions: bool
    """Any region in pixels may be asked for."""
    scales: bool
    """Any size may be asked for."""
    turns: bool
    """Quarter turns may be asked for."""
    sizes: tuple[tuple[int, int], ...]
    """Sizes of the whole image that are offered, smallest first."""
    tiles: tuple[Tiles, ...]
    max_size: tuple[int, int] | None
    """Largest width and height of an answer, None where unlimited."""
    max_area: int | None

    @property
    def limited(self) -> bool:
        """The service limits the size of its answers."""
        return self.max_size is not None or self.max_area is not None

    def allows(self, width: int, height: int) -> bool:
        """Whether an answer of that size stays within the service's limits."""
        if self.max_size and (width > self.max_size[0] or height > self.max_size[1]):
            return False
        return not self.max_area or width * height <= self.max_area

    def largest_allowed(self, width: int, height: int) -> tuple[int, int]:
        """The largest size of the shape of `width` x `height` that the service gives, never above it."""
        scale = 1.0
        if self.max_size:
            scale = min(scale, self.max_size[0] / width, self.max_size[1] / height)
        if self.max_area:
            scale = min(scale, (self.max_area / (width * height)) ** 0.5)
        small = max(1, int(width * scale)), max(1, int(height * scale))
        return small if scale < 1 else (width, height)


def read_info(data: object, version_hint: int | None = None) -> ImageInfo:
    """Read a parsed info.json. `version_hint`: what the manifest says, for documents that do not say themselves.

    CorruptError where it has no size or values of the wrong kind in places that matter.
    """
    info = node(data, "the image information")
    size = size_of(info)
    if size is None:
        raise CorruptError("the image information has no width and height")
    version = version_of(info) or version_hint or (1 if "scale_factors" in info else 2)
    level, features = _level(info), _features(info)
    limits = [info, *(extra for extra in several(info.get("profile")) if isinstance(extra, dict))]
    return ImageInfo(
        version=version,
        size=size,
        regions=level >= 1 or "regionByPx" in features,
        scales=level >= 1 or bool(features & ({"sizeByWh"} if version >= 3 else {"sizeByW"})),
        turns=level >= 2 or bool(features & {"rotationBy90s", "rotationArbitrary"}),
        sizes=_sizes(info),
        tiles=_tiles_1(info) if version == 1 else _tiles(info),
        max_size=_max_size(limits),
        max_area=next((area for limit in limits if (area := _count(limit, "maxArea"))), None),
    )


def _level(info: Node) -> int:
    """Compliance level; 0, the least, where the service does not say."""
    for profile in several(info.get("profile")):
        match = _LEVEL.search(profile) if isinstance(profile, str) else None
        if match:
            return int(match[1])
    return 0


def _features(info: Node) -> set[str]:
    """Features beyond the level: `supports` within the profile (2), `extraFeatures` (3)."""
    found = several(info.get("extraFeatures")) + several(info.get("supports"))
    for profile in several(info.get("profile")):
        if isinstance(profile, dict):
            found += several(profile.get("supports"))
    return {feature for feature in found if isinstance(feature, str)}


def _sizes(info: Node) -> tuple[tuple[int, int], ...]:
    entries = several(info.get("sizes"))[:MAX_LISTED]
    found = [size for entry in entries if isinstance(entry, dict) and (size := size_of(entry))]
    return tuple(sorted(found, key=lambda size: size[0] * size[1]))


def _tiles(info: Node) -> tuple[Tiles, ...]:
    tiles: list[Tiles] = []
    for entry in several(info.get("tiles"))[:MAX_LISTED]:
        if isinstance(entry, dict) and (width := dimension(entry, "width")):
            factors = _factors(entry.get("scaleFactors"))
            tiles.append(Tiles(width, dimension(entry, "height") or width, factors or (1,)))
    return tuple(tiles)


def _tiles_1(info: Node) -> tuple[Tiles, ...]:
    """Version 1: one shape, and scale factors beside it."""
    width = dimension(info, "tile_width")
    if width is None:
        return ()
    return (Tiles(width, dimension(info, "tile_height") or width, _factors(info.get("scale_factors")) or (1,)),)


def _factors(value: object) -> tuple[int, ...]:
    found = {
        f for f in several(value)[:MAX_LISTED] if isinstance(f, int) and not isinstance(f, bool) and 1 <= f < 1 << 20
    }
    return tuple(sorted(found))


def _max_size(limits: list[Node]) -> tuple[int, int] | None:
    """maxHeight is maxWidth where only that is given; the other way round is not allowed, but meant alike."""
    for limit in limits:
        width, height = _count(limit, "maxWidth"), _count(limit, "maxHeight")
        if width or height:
            return width or height or 1, height or width or 1
    return None


def _count(limit: Node, key: str) -> int | None:
    """A limit; nonsense in its place counts as no limit, since the server will say so itself."""
    value = limit.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else None


def cell(info: ImageInfo, side: int) -> tuple[int, int]:
    """The largest piece to ask for at full resolution: within the service's limits and at most `side` square."""
    width, height = info.max_size or (side, side)
    width, height = min(width, side), min(height, side)
    if info.max_area and width * height > info.max_area:
        width = min(width, max(1, isqrt(info.max_area)))
        height = min(height, max(1, info.max_area // width))
    return width, height
