"""The URL grammar of the IIIF Image API 3.0: text to numbers, no pixels.

https://iiif.io/api/image/3.0/#4-image-requests
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

from ingest.geometry import Region

Quality = Literal["default", "color", "gray", "bitonal"]
Format = Literal["jpg", "png", "webp"]
QUALITIES: tuple[Quality, ...] = get_args(Quality)
FORMATS: tuple[Format, ...] = get_args(Format)
KNOWN_FORMATS = frozenset({"jpg", "tif", "png", "gif", "jp2", "pdf", "webp"})

_INTEGER = r"\d{1,9}"
_DECIMAL = r"\d{1,9}(?:\.\d{1,9})?|\.\d{1,9}"
_PIXELS = re.compile(rf"({_INTEGER}),({_INTEGER}),({_INTEGER}),({_INTEGER})", re.ASCII)
_PERCENT = re.compile(rf"pct:({_DECIMAL}),({_DECIMAL}),({_DECIMAL}),({_DECIMAL})", re.ASCII)
_SIZE_PERCENT = re.compile(rf"pct:({_DECIMAL})", re.ASCII)
_SIZE = re.compile(rf"(!?)({_INTEGER})?,({_INTEGER})?", re.ASCII)
_ROTATION = re.compile(rf"(!?)({_DECIMAL})", re.ASCII)


class BadImageRequestError(ValueError):
    """The request breaks the grammar or asks for nothing: answered with 400."""


class UnsupportedImageRequestError(ValueError):
    """Valid, but a feature this service does not offer: answered with 501."""


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """Largest image the service makes, pixels."""

    width: int = 12_000
    height: int = 12_000
    area: int = 64_000_000

    def allow(self, width: int, height: int) -> bool:
        """Whether an image of that size may be made."""
        return width <= self.width and height <= self.height and width * height <= self.area

    def scale(self, width: int, height: int) -> float:
        """The factor by which an image of that size must be multiplied to touch the nearest limit."""
        return min(self.width / width, self.height / height, math.sqrt(self.area / (width * height)))


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """One image to make from one page image of known size."""

    region: Region
    """Pixels of the full-resolution page image."""
    width: int
    """Size after scaling, before rotation."""
    height: int
    mirrored: bool
    rotation: Literal[0, 90, 180, 270]
    """Clockwise, after mirroring."""
    quality: Quality
    format: Format
    canonical: str
    """`region/size/rotation/quality.format` in canonical form: equal for all requests of the same image."""


def parse_image_request(
    region: str, size: str, rotation: str, name: str, *, page_size: tuple[int, int], limits: ImageLimits
) -> ImageRequest:
    """Read the four path parts of an image request.

    `page_size` is (width, height) of the full page image; `name` is `quality.format`. Raises BadImageRequestError and
    UnsupportedImageRequestError.
    """
    box = _parse_region(region, *page_size)
    width, height = _parse_size(size, box.w, box.h, limits)
    mirrored, turn = _parse_rotation(rotation)
    quality, image_format = _parse_name(name)
    canonical = "/".join(
        (
            "full" if box == Region(0, 0, *page_size) else box.xywh,
            _canonical_size(width, height, box, limits),
            f"{'!' if mirrored else ''}{turn}",
            f"{'default' if quality == 'color' else quality}.{image_format}",
        )
    )
    return ImageRequest(box, width, height, mirrored, turn, quality, image_format, canonical)


def _parse_region(text: str, width: int, height: int) -> Region:
    """4.1: full, square, x,y,w,h or pct:x,y,w,h, cut at the edges of the page."""
    if text == "full":
        return Region(0, 0, width, height)
    if text == "square":
        side = min(width, height)
        return Region((width - side) // 2, (height - side) // 2, side, side)
    if match := _PIXELS.fullmatch(text):
        x, y, w, h = map(int, match.groups())
    elif match := _PERCENT.fullmatch(text):
        fx, fy, fw, fh = (float(part) / 100 for part in match.groups())
        x, y, w, h = round(fx * width), round(fy * height), round(fw * width), round(fh * height)
    else:
        raise BadImageRequestError(f"The region is not full, square, x,y,w,h or pct:x,y,w,h: {text}")
    if w == 0 or h == 0:
        raise BadImageRequestError("The region is empty.")
    box = Region(x, y, w, h).clipped(width, height)
    if box is None:
        raise BadImageRequestError("The region lies outside the image.")
    return box


def _parse_size(text: str, width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
    """4.2: the size a region of that size shall have."""
    upscale, plain = text.startswith("^"), text.removeprefix("^")
    if plain == "max":
        scale = limits.scale(width, height)
        return _scaled(width, height, scale if upscale else min(1.0, scale))
    if match := _SIZE_PERCENT.fullmatch(plain):
        factor = float(match[1]) / 100
        w, h = round(width * factor), round(height * factor)
    elif (match := _SIZE.fullmatch(plain)) and (match[2] or match[3]):
        confined, w_text, h_text = match.groups()
        if confined and not (w_text and h_text):
            raise BadImageRequestError(f"The size !w,h needs both numbers: {text}")
        if confined:
            return _confined(width, height, int(w_text), int(h_text), upscale, limits)
        w = int(w_text) if w_text else max(1, round(width * int(h_text) / height)) if int(h_text) else 0
        h = int(h_text) if h_text else max(1, round(height * w / width)) if w else 0
    else:
        raise BadImageRequestError(f"The size is not max, w,  ,h  pct:n  w,h or !w,h: {text}")
    if w == 0 or h == 0:
        raise BadImageRequestError("The size is zero.")
    if not upscale and (w > width or h > height):
        raise BadImageRequestError("The size is larger than the region; ^ before it asks for enlargement.")
    if not limits.allow(w, h):
        raise BadImageRequestError(
            f"The size exceeds {limits.width} x {limits.height} or {limits.area} pixels; ask for less or for tiles."
        )
    return w, h


def _confined(width: int, height: int, w: int, h: int, upscale: bool, limits: ImageLimits) -> tuple[int, int]:
    """!w,h: as large as fits in w x h and the limits, never distorted."""
    if w == 0 or h == 0:
        raise BadImageRequestError("The size is zero.")
    fit = min(w / width, h / height)
    scale = min(fit, limits.scale(width, height), math.inf if upscale else 1.0)
    new_width, new_height = _scaled(width, height, scale)
    if scale == fit:  # rounding must not lose the pixel that was asked for
        new_width = w if fit == w / width else new_width
        new_height = h if fit == h / height else new_height
    return new_width, new_height


def _scaled(width: int, height: int, scale: float) -> tuple[int, int]:
    """Rounded down, so that no limit is passed."""
    return max(1, math.floor(width * scale)), max(1, math.floor(height * scale))


def _canonical_size(width: int, height: int, box: Region, limits: ImageLimits) -> str:
    if (width, height) == _parse_size("max", box.w, box.h, limits):
        return "max"
    if (width, height) == _parse_size("^max", box.w, box.h, limits):
        return "^max"
    return f"{'^' if width > box.w or height > box.h else ''}{width},{height}"


def _parse_rotation(text: str) -> tuple[bool, Literal[0, 90, 180, 270]]:
    """4.3: quarter turns, mirrored first with !."""
    match = _ROTATION.fullmatch(text)
    if match is None or float(match[2]) > 360:
        raise BadImageRequestError(f"The rotation is not a number from 0 to 360: {text}")
    turns = float(match[2]) % 360 / 90
    quarter: dict[float, Literal[0, 90, 180, 270]] = {0.0: 0, 1.0: 90, 2.0: 180, 3.0: 270}
    if turns not in quarter:
        raise UnsupportedImageRequestError("Only rotations by 0, 90, 180 and 270 degrees are offered.")
    return bool(match[1]), quarter[turns]


def _parse_name(text: str) -> tuple[Quality, Format]:
    """4.4 and 4.5: `quality.format`."""
    quality_text, _, format_text = text.rpartition(".")
    quality = next((known for known in QUALITIES if known == quality_text), None)
    if quality is None:
        raise BadImageRequestError(f"The quality is not one of {', '.join(QUALITIES)}: {quality_text}")
    image_format = next((known for known in FORMATS if known == format_text), None)
    if image_format is None and format_text in KNOWN_FORMATS:
        raise UnsupportedImageRequestError(f"Only these formats are offered: {', '.join(FORMATS)}.")
    if image_format is None:
        raise BadImageRequestError(f"The format is not one of {', '.join(FORMATS)}: {format_text}")
    return quality, image_format
