"""How to ask an image service for an image at full resolution, best way first.

A service of level 1 or 2 that limits the size of its answers is asked for the image piece by piece, each piece within
the limits, as a viewer does when somebody zooms in: handwriting is searched in full resolution or not well at all. Only
where that would take more than MAX_PIECES requests is the largest allowed size taken instead. A service of level 0
gives what it lists: the whole image where one of its sizes is the full one, else its tiles put together, else the
largest size it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.geometry import Region
from ingest.iiif.image_info import ImageInfo, Tiles, cell
from ingest.iiif.regions import quality

MAX_PIECES = 1_000
"""Requests for one image."""
PIECE = 2_048
"""Side of a piece, pixels, where the service sets no limit."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One request and the place of its answer."""

    requests: tuple[str, ...]
    """`region/size/rotation/quality.format`; those after the first are other spellings, for servers that need them."""
    place: Region
    """Where the answer goes, in pixels of the plan's image."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Pieces that together make the image of `source`."""

    source: Region
    """What they show, in pixels of the service's full image."""
    size: tuple[int, int]
    """Width, height of the image they make."""
    pieces: tuple[Piece, ...]


def plans(info: ImageInfo, part: Region) -> Iterator[Plan]:
    """Ways to get `part` (pixels of the full image) or, where the service gives no regions, the whole around it.

    Best first; a later one is for the case that the server does not keep its promises.
    """
    if info.regions:
        if info.allows(part.w, part.h):
            yield _single(info, part)
        pieces = _grid(part, *cell(info, PIECE))
        if 1 < len(pieces) <= MAX_PIECES:
            yield _in_pieces(info, part, pieces)
        if info.scales and not info.allows(part.w, part.h):
            yield _single(info, part, info.largest_allowed(part.w, part.h))
    yield from _of_what_is_listed(info)


def smaller_pieces(info: ImageInfo, part: Region, given: tuple[int, int]) -> Plan | None:
    """The plan for a server that gave only `given` (width, height) for `part` without having announced a limit."""
    if not info.regions:
        return None
    pieces = _grid(part, *given)
    return _in_pieces(info, part, pieces) if 1 < len(pieces) <= MAX_PIECES else None


def _of_what_is_listed(info: ImageInfo) -> Iterator[Plan]:
    """Whole images and tiles, largest first; at equal size the one with fewer requests."""
    whole = Region(0, 0, *info.size)
    found = [_single(info, whole, size) for size in info.sizes[-3:] if info.allows(*size)]
    found += [tiled for tiles in info.tiles[:4] if (tiled := _tiled(info, tiles))]
    if not info.limited or not found:
        found.append(_single(info, whole))
    yield from sorted(found, key=lambda plan: (-plan.size[0] * plan.size[1], len(plan.pieces)))


def _single(info: ImageInfo, part: Region, size: tuple[int, int] | None = None) -> Plan:
    """One request; `size` None: as large as it is."""
    whole = part == Region(0, 0, *info.size)
    width, height = size or (part.w, part.h)
    spellings = _spelled(
        info, "full" if whole else part.xywh, _size_words(info, (width, height), listed=size is not None)
    )
    return Plan(part, (width, height), (Piece(spellings, Region(0, 0, width, height)),))


def _size_words(info: ImageInfo, size: tuple[int, int], *, listed: bool) -> list[str]:
    """Ways to write a size, the canonical one first; `full` and `max` only where the size is the natural one."""
    width, height = size
    exact = [f"{width},{height}", f"{width},"] if info.version >= 3 else [f"{width},", f"{width},{height}"]
    if listed and size != info.size:
        return exact
    words = ["max", "full"] if info.version >= 3 or info.limited else ["full", "max"]
    return words + exact if not listed else [words[0], *exact, words[1]]


def _spelled(info: ImageInfo, region: str, sizes: list[str]) -> tuple[str, ...]:
    return tuple(f"{region}/{size}/0/{quality(info.version)}.jpg" for size in sizes)


def _grid(part: Region, width: int, height: int) -> list[Region]:
    """`part` cut into regions of at most that size."""
    if -(-part.w // width) * -(-part.h // height) > MAX_PIECES:
        return []
    return [
        Region(x, y, min(width, part.x2 - x), min(height, part.y2 - y))
        for y in range(part.y, part.y2, height)
        for x in range(part.x, part.x2, width)
    ]


def _in_pieces(info: ImageInfo, part: Region, regions: list[Region]) -> Plan:
    pieces = tuple(
        Piece(
            _spelled(info, region.xywh, _size_words(info, (region.w, region.h), listed=False)),
            Region(region.x - part.x, region.y - part.y, region.w, region.h),
        )
        for region in regions
    )
    return Plan(part, (part.w, part.h), pieces)


def _tiled(info: ImageInfo, tiles: Tiles) -> Plan | None:
    """The tiles of the finest scale, written as level 0 demands (Image API 3.0, implementation notes on tiles)."""
    factor = tiles.factors[0]
    whole = Region(0, 0, *info.size)
    regions = _grid(whole, tiles.width * factor, tiles.height * factor)
    if not regions or not info.allows(min(tiles.width, info.size[0]), min(tiles.height, info.size[1])):
        return None
    pieces = []
    for region in regions:
        width, height = -(-region.w // factor), -(-region.h // factor)
        words = [f"{width},{height}", f"{width},"] if info.version >= 3 else [f"{width},", f"{width},{height}"]
        place = Region(region.x // factor, region.y // factor, width, height)
        pieces.append(Piece(_spelled(info, "full" if region == whole else region.xywh, words), place))
    size = -(-info.size[0] // factor), -(-info.size[1] // factor)
    return Plan(whole, size, tuple(pieces))
