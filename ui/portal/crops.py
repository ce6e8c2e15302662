"""Where a word's picture is served, with a little of its surroundings."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.geometry import Region

_ASIDE = 0.8
_ABOVE = 0.45
_SHAPE = 2.4
"""Least width over height: a short word gets more beside it, so that pictures in a row are of one shape."""
_WIDEST = 640
_HIGHEST = 176


@dataclass(frozen=True, slots=True)
class CropPicture:
    """A picture address, its size in canvas pixels, and where the word is in it."""

    address: str
    """Path on this server."""
    width: int
    height: int
    box: tuple[float, float, float, float]
    """Left, top, width, height of the word in percent of the picture."""


def crop_picture(page: str, canvas: tuple[int, int], word: Region, *, aside: float = _ASIDE) -> CropPicture:
    """The picture of a word on a canvas of that (width, height), with `aside` word heights of context to its sides.

    The region is asked for in percent, which holds whatever the size of the stored image.
    """
    width, height = canvas
    top, bottom = max(0, round(word.y - _ABOVE * word.h)), min(height, round(word.y2 + _ABOVE * word.h))
    down = max(1, bottom - top)
    beside = max(aside * word.h, (_SHAPE * down - word.w) / 2)
    left, right = max(0, round(word.x - beside)), min(width, round(word.x2 + beside))
    across = max(1, right - left)
    parts = (100 * left / width, 100 * top / height, 100 * across / width, 100 * down / height)
    region = ",".join(f"{part:.5f}" for part in parts)
    box = (
        100 * (word.x - left) / across,
        100 * (word.y - top) / down,
        100 * word.w / across,
        100 * word.h / down,
    )
    address = f"/iiif/image/{page}/pct:{region}/!{_WIDEST},{_HIGHEST}/0/default.jpg"
    return CropPicture(address, across, down, tuple(round(part, 2) for part in box))  # type: ignore[arg-type]
