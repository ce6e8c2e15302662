"""From what decoders give (1 to 16 bits, inks, palettes, transparency, turned) to upright uint8 grey or RGB."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from infra.errors import UnsupportedError

Uint8 = NDArray[np.uint8]


def eight_bit(samples: NDArray[Any], bits: int = 16) -> Uint8:
    """Unsigned samples of `bits` significant bits to uint8, 0 to 255, with their contrast.

    Scanners put 10, 12 or 14 bits into 16-bit samples, some without saying so; dividing by 257 would make such a page
    nearly black. So the range in use is taken from the data: the fewest bits, 8 or more, that hold all but the
    brightest thousandth (hot pixels). A page that uses its whole range is just divided.
    """
    if samples.dtype == np.bool_ or bits == 1:
        return np.where(samples != 0, np.uint8(255), np.uint8(0))
    if samples.dtype.kind != "u" or samples.dtype.itemsize > 2:
        raise UnsupportedError(f"Its samples are {samples.dtype}; 1 to 16 bits without sign are read.")
    if bits < 8:
        return (samples.astype(np.uint16) * 255 // ((1 << bits) - 1)).astype(np.uint8)
    if samples.dtype.itemsize == 1:
        return samples.view(np.uint8)
    step = max(1, math.isqrt(samples.size // 1_000_000))
    bright = int(np.quantile(samples[::step, ::step], 0.999))
    white = (1 << min(max(8, bright.bit_length()), bits)) - 1
    table = np.minimum((np.arange(1 << 16) * 255 + white // 2) // white, 255).astype(np.uint8)
    scaled: Uint8 = table[samples]
    return scaled


def over_white(colour: Uint8, alpha: Uint8, *, premultiplied: bool = False) -> Uint8:
    """Transparent pixels laid over white paper: uint8 (H, W) or (H, W, 3) and alpha (H, W), 255 opaque."""
    if (alpha == 255).all():
        return np.ascontiguousarray(colour)
    weight = alpha.astype(np.uint16) if colour.ndim == 2 else alpha.astype(np.uint16)[..., None]
    if premultiplied:
        mixed = np.minimum(colour + (255 - weight), 255)
    else:
        mixed = (colour * weight + (255 - weight) * np.uint16(255) + 127) // 255
    return np.asarray(mixed, dtype=np.uint8)


def from_inks(cmyk: Uint8) -> Uint8:
    """CMYK, uint8 (H, W, 4), 255 full ink, to RGB (H, W, 3)."""
    paper = 255 - cmyk.astype(np.uint16)
    return (paper[..., :3] * paper[..., 3:] // 255).astype(np.uint8)


def from_lab(lab: Uint8) -> Uint8:
    """CIE L*a*b*, uint8 (H, W, 3), L 0 to 255, a and b offset by 128, to RGB."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(lab), cv2.COLOR_LAB2RGB), dtype=np.uint8)


def without_colour(pixels: Uint8) -> Uint8:
    """Grey (H, W) where the three channels of (H, W, 3) are equal everywhere, else the same array."""
    if pixels.ndim == 2:
        return pixels
    sample = pixels[:: max(1, pixels.shape[0] // 32)]
    for part in (sample, pixels):
        if not (np.array_equal(part[..., 0], part[..., 1]) and np.array_equal(part[..., 1], part[..., 2])):
            return pixels
    return np.ascontiguousarray(pixels[..., 0])


def upright(pixels: Uint8, orientation: int) -> Uint8:
    """Undo an EXIF or TIFF orientation, 1 to 8; any other number counts as 1, as readers do."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def from_pillow(image: Image.Image) -> Uint8:
    """A decoded Pillow image of any mode to uint8 grey (H, W) or RGB (H, W, 3), transparency over white."""
    if "transparency" in image.info and image.mode in ("1", "L", "P", "RGB"):
        image = image.convert("RGBA")
    match image.mode:
        case "1" | "L":
            return np.array(image.convert("L"))
        case "RGB":
            return without_colour(np.array(image))
        case "P":
            return without_colour(np.array(image.convert("RGB")))
        case "I;16" | "I;16L" | "I;16B" | "I;16N":
            return eight_bit(np.asarray(image).astype(np.uint16))
        case "I":
            return _from_integers(np.asarray(image))
        case "LA" | "La":
            both = np.asarray(image.convert("LA"))
            return over_white(both[..., 0], both[..., 1])
        case "PA" | "RGBA" | "RGBa":
            four = np.asarray(image.convert("RGBA"))
            return without_colour(over_white(four[..., :3], four[..., 3]))
        case "CMYK":
            return from_inks(np.asarray(image))
        case "YCbCr" | "RGBX":
            return without_colour(np.array(image.convert("RGB")))
    raise UnsupportedError(f"Its pixels are of the kind {image.mode!r}, which is not read.")


def _from_integers(samples: NDArray[Any]) -> Uint8:
    """Pillow gives some 16-bit images as 32-bit integers."""
    if samples.size and (int(samples.min()) < 0 or int(samples.max()) > 0xFFFF):
        raise UnsupportedError("Its samples have more than 16 bits; 1 to 16 bits without sign are read.")
    return eight_bit(samples.astype(np.uint16))
