"""Where a word's picture is served, with a little of its surroundings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ingest.geometry import Region

_ASIDE = 0.8
_ABOVE = 0.45
_SHAPE = 2.4
"""Width over height: a short word gets more beside it, a long one more above, so that all pictures have one shape."""
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

    def data(self) -> dict[str, Any]:
        """As a hit of the gallery component has it."""
        return {"src": self.address, "width": self.width, "height": self.height, "box": self.box}


def crop_picture(page: str, canvas: tuple[int, int], word: Region, *, aside: float = _ASIDE) -> CropPicture:
    """The picture of a word on a canvas of that (width, height), with `aside` word heights of context to its sides.

    The region is asked for in percent, which holds whatever the size of the stored image.
    """
    width, height = canvas
    down = (1 + 2 * _ABOVE) * word.h
    across = max(word.w + 2 * aside * word.h, _SHAPE * down)
    down = across / _SHAPE
    middle, centre = word.x + word.w / 2, word.y + word.h / 2
    left, right = max(0, round(middle - across / 2)), min(width, round(middle + across / 2))
    top, bottom = max(0, round(centre - down / 2)), min(height, round(centre + down / 2))
    across, down = max(1, right - left), max(1, bottom - top)
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
