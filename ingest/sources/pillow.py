"""Pillow, with the formats we mean and nothing else."""

from __future__ import annotations

from typing import BinaryIO

from PIL import (
    ExifTags,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from infra.errors import CorruptError

# Pillow would warn at 89 and refuse at 179 million pixels; every size here is held against the settings instead.
Image.MAX_IMAGE_PIXELS = None

# Importing a plugin is what makes Pillow know its format.
_FORMATS = tuple(
    plugin.format
    for plugin in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        Jpeg2KImagePlugin.Jpeg2KImageFile,
        WebPImagePlugin.WebPImageFile,
    )
)


def open_image(file: BinaryIO | str, formats: tuple[str, ...] = _FORMATS) -> Image.Image:
    """Read the header alone; CorruptError where it makes no sense as any of `formats`."""
    try:
        return Image.open(file, formats=list(formats))
    except UnidentifiedImageError as error:
        raise CorruptError(
            "Its header is damaged, or of a rare kind that is not read. Fetch or scan it again, or save it as TIFF."
        ) from error


def exif_orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; 1 where there is none, or where it makes no sense."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # EXIF is a file format of its own and damaged as often; the picture is readable without it.
        return 1
    return int(value) if value in range(1, 9) else 1
