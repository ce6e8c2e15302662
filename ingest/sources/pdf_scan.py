"""Pictures inside a PDF: taken out as they are, and checked for being whole."""

from __future__ import annotations

import io
from typing import Any

import pikepdf

from infra.errors import CorruptError
from infra.settings import Settings
from ingest.sources.checks import check_size
from ingest.sources.jpeg import decode_jpeg, jpeg_page
from ingest.sources.pdf_streams import bounded_inflate, filter_names
from ingest.sources.pillow import open_image
from ingest.sources.pixels import from_pillow, upright
from ingest.sources.source import PageImage

_JPEG = (["/DCTDecode"], ["/FlateDecode", "/DCTDecode"])
_LOSSLESS: tuple[list[str], ...] = (["/CCITTFaxDecode"], ["/FlateDecode"], [])
_GREY_OR_RGB = ("/DeviceGray", "/CalGray", "/DeviceRGB", "/CalRGB")
_CUT_OFF = "The scan inside the page is cut off: {has:,} of {needs:,} bytes are there. Fetch or scan the file again."


def take_scan(image: Any, orientation: int, settings: Settings) -> PageImage | None:
    """The picture as a page, turned upright; None where only a renderer gets its colours right.

    JPEG and JPEG 2000 streams are kept byte for byte where they need no turning; CCITT, deflated and plain samples are
    decoded without loss. Raises LimitError by the header, CorruptError where data is missing.
    """
    check_size(int(image.get("/Width", 0)), int(image.get("/Height", 0)), settings)
    filters = filter_names(image)
    if filters in _JPEG:
        return _from_jpeg(image, filters, orientation, settings)
    if filters == ["/JPXDecode"]:
        return _from_jpeg2000(image, orientation, settings)
    if filters in _LOSSLESS:
        return _from_samples(image, orientation)
    return None


def check_whole(image: Any, settings: Settings) -> None:
    """CorruptError where the picture's data is cut off; a renderer would paint the rest grey without a word."""
    filters = filter_names(image)
    if filters in _JPEG:
        decode_jpeg(_jpeg_stream(image, filters, settings), settings)
    elif filters in (["/FlateDecode"], []):
        _check_length(image)


def is_grey(image: Any) -> bool:
    """Whether the picture certainly has no colour."""
    if image.get("/ImageMask", False):
        return True
    return _components(image.get("/ColorSpace")) == 1 and _family(image.get("/ColorSpace")) in (
        "/DeviceGray",
        "/CalGray",
        "/ICCBased",
    )


def _from_jpeg(image: Any, filters: list[str], orientation: int, settings: Settings) -> PageImage | None:
    if not _is_grey_or_rgb(image) or "/Decode" in image or "/DecodeParms" in image:
        return None
    data = _jpeg_stream(image, filters, settings)
    with open_image(io.BytesIO(data)) as header:
        if header.mode not in ("L", "RGB"):
            return None
    page = jpeg_page(data, settings, honour_exif=False)
    return page if orientation == 1 else _turned(page.pixels, orientation)


def _from_jpeg2000(image: Any, orientation: int, settings: Settings) -> PageImage | None:
    own_colours = "/ColorSpace" not in image
    if not (own_colours or _is_grey_or_rgb(image)) or "/Decode" in image or int(image.get("/SMaskInData", 0)):
        return None
    data: bytes = image.read_raw_bytes()
    with open_image(io.BytesIO(data)) as picture:
        check_size(*picture.size, settings)
        if picture.mode not in ("L", "RGB", "I;16"):
            return None
        pixels = from_pillow(picture)
    if orientation == 1:
        return PageImage(pixels.shape[1], pixels.shape[0], pixels, encoded=data)
    return _turned(pixels, orientation)


def _from_samples(image: Any, orientation: int) -> PageImage | None:
    space = image.get("/ColorSpace")
    indexed = _family(space) == "/Indexed" and isinstance(space, pikepdf.Array)
    base = space[1] if indexed else space
    if _components(base) not in (1, 3) or _family(base) not in (*_GREY_OR_RGB, "/ICCBased"):
        return None
    if filter_names(image) == ["/CCITTFaxDecode"]:
        if image.get("/DecodeParms", {}).get("/EncodedByteAlign", False):
            return None
    else:
        _check_length(image)
    try:
        with pikepdf.PdfImage(image).as_pil_image(apply_mask=False) as picture:
            return _turned(from_pillow(picture), orientation)
    except (NotImplementedError, pikepdf.UnsupportedImageTypeError):
        return None


def _turned(pixels: Any, orientation: int) -> PageImage:
    pixels = upright(pixels, orientation)
    return PageImage(pixels.shape[1], pixels.shape[0], pixels)


def _jpeg_stream(image: Any, filters: list[str], settings: Settings) -> bytes:
    raw: bytes = image.read_raw_bytes()
    return raw if len(filters) == 1 else bounded_inflate(raw, 4 * settings.max_pixels)


def _check_length(image: Any) -> None:
    """Deflated or plain samples must be as many as the picture's size needs, and not many more."""
    components = _components(image.get("/ColorSpace")) or (1 if image.get("/ImageMask", False) else 0)
    if not components:
        return
    bits = 1 if image.get("/ImageMask", False) else int(image.get("/BitsPerComponent", 8))
    width, height = int(image.Width), int(image.Height)
    needs = (width * components * bits + 7) // 8 * height
    raw: bytes = image.read_raw_bytes()
    # With a PNG predictor every row begins with one more byte.
    has = len(bounded_inflate(raw, needs + height + (1 << 20))) if filter_names(image) else len(raw)
    if has < needs:
        raise CorruptError(_CUT_OFF.format(has=has, needs=needs))


def _is_grey_or_rgb(image: Any) -> bool:
    space = image.get("/ColorSpace")
    return _family(space) in (*_GREY_OR_RGB, "/ICCBased") and _components(space) in (1, 3)


def _family(space: Any) -> str:
    return str(space[0] if isinstance(space, pikepdf.Array) else space)


def _components(space: Any) -> int | None:
    """Samples per pixel in a colour space, None where that is not clear."""
    match _family(space):
        case "/DeviceGray" | "/CalGray" | "/Indexed" | "/Separation" | "/G" | "/I":
            return 1
        case "/DeviceRGB" | "/CalRGB" | "/Lab" | "/RGB":
            return 3
        case "/DeviceCMYK" | "/CMYK":
            return 4
        case "/ICCBased":
            return int(space[1].get("/N", 0)) or None
        case "/DeviceN":
            return len(space[1])
    return None
