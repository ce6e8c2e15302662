"""JPEG, PNG, JPEG 2000 and WebP files."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from infra.errors import BlankImageError, CorruptError, LimitError, UnsupportedError
from infra.settings import Settings
from ingest.sources import PageImage, open_source

Read = Callable[..., PageImage]
Encode = Callable[..., bytes]
Pixels = NDArray[np.uint8]

EXIF_ORIENTATION = 274
STORED = {  # how a camera stores a page that needs this orientation to be seen upright
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


def put(tmp_path: Path, data: bytes, name: str = "scan.jpg") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("fmt", "options"), [("PNG", {}), ("WEBP", {"lossless": True}), ("JPEG2000", {})])
def test_lossless_formats_give_the_very_pixels(
    tmp_path: Path, read: Read, encode: Encode, grey: Pixels, colour: Pixels, fmt: str, options: dict[str, object]
) -> None:
    assert np.array_equal(read(put(tmp_path, encode(colour, fmt, **options))).pixels, colour)
    seen = read(put(tmp_path, encode(grey, fmt, **options)))
    assert np.array_equal(seen.pixels, grey), "a grey page stays grey"
    assert (seen.width, seen.height) == (260, 310)


def test_a_jpeg_is_kept_byte_for_byte(tmp_path: Path, read: Read, encode: Encode, grey: Pixels, colour: Pixels) -> None:
    for pixels in (grey, colour):
        data = encode(pixels, "JPEG", quality=95)
        page = read(put(tmp_path, data))
        assert page.encoded == data
        assert page.pixels.shape == pixels.shape
        assert np.abs(page.pixels.astype(int) - pixels).mean() < 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(
    tmp_path: Path, read: Read, encode: Encode, colour: Pixels, orientation: int
) -> None:
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](colour)))
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    path = put(tmp_path, encode(stored, "PNG", exif=exif))
    assert np.array_equal(np.asarray(ImageOps.exif_transpose(Image.open(path))), colour), "the test itself is right"
    assert np.array_equal(read(path).pixels, colour)
    jpeg = read(put(tmp_path, encode(stored, "JPEG", quality=95, subsampling=0, exif=exif)))
    assert jpeg.pixels.shape == colour.shape
    assert np.abs(jpeg.pixels.astype(int) - colour).mean() < 2
    assert (jpeg.encoded is not None) == (orientation == 1), "a stream that must be turned is not kept"


def test_cmyk_transparency_and_palettes(
    tmp_path: Path, read: Read, encode: Encode, colour: Pixels, two_tone: Pixels
) -> None:
    cmyk = read(put(tmp_path, encode(Image.fromarray(colour).convert("CMYK"), "JPEG", quality=95, subsampling=0)))
    assert np.abs(cmyk.pixels.astype(int) - colour).mean() < 3
    alpha = np.full((310, 260), 255, np.uint8)
    alpha[:100] = 0
    clear = read(put(tmp_path, encode(np.dstack([colour, alpha]), "PNG"))).pixels
    assert (clear[:100] == 255).all(), "what is transparent is paper"
    assert np.array_equal(clear[100:], colour[100:])
    palette = Image.fromarray(colour).quantize(32)
    assert np.array_equal(read(put(tmp_path, encode(palette, "PNG"))).pixels, np.asarray(palette.convert("RGB")))
    assert np.array_equal(read(put(tmp_path, encode(Image.fromarray(two_tone).convert("1"), "PNG"))).pixels, two_tone)


def test_sixteen_bits_keep_their_contrast(tmp_path: Path, read: Read, grey: Pixels, colour: Pixels) -> None:
    full = (grey.astype(np.uint16) * 257).astype(np.uint16)
    assert np.array_equal(read(put(tmp_path, imagecodecs.png_encode(full), "a.png")).pixels, grey)
    twelve = (grey.astype(np.uint16) * 16).astype(np.uint16)
    dark = read(put(tmp_path, imagecodecs.png_encode(twelve), "a.png")).pixels
    assert np.abs(dark.astype(int) - grey).max() <= 1, "12 bits in 16-bit samples must not come out nearly black"
    twelve = (colour.astype(np.uint16) * 16).astype(np.uint16)
    assert np.abs(read(put(tmp_path, imagecodecs.png_encode(twelve), "a.png")).pixels.astype(int) - colour).max() <= 1
    clear = np.dstack([twelve, np.full(grey.shape, 0xFFFF, np.uint16)])
    clear[:9, :, 3] = 0
    seen = read(put(tmp_path, imagecodecs.png_encode(clear), "a.png")).pixels
    assert (seen[:9] == 255).all()
    assert np.abs(seen[9:].astype(int) - colour[9:]).max() <= 1
    twelve = (grey.astype(np.uint16) * 16).astype(np.uint16)
    twelve_bit_jp2 = imagecodecs.jpeg2k_encode(twelve, codecformat="jp2", bitspersample=12)
    assert np.abs(read(put(tmp_path, twelve_bit_jp2)).pixels.astype(int) - grey).max() <= 1


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_a_truncated_jpeg_is_an_error_and_not_a_half_grey_page(
    tmp_path: Path, read: Read, encode: Encode, colour: Pixels, progressive: bool, keep: float
) -> None:
    noisy = (colour + np.random.default_rng(0).integers(0, 20, colour.shape, np.uint8)).astype(np.uint8)
    data = encode(noisy, "JPEG", quality=95, progressive=progressive)
    cut = data[: int(len(data) * keep)]
    for wrong in (cut, cut + b"\xff\xd9"):  # as cut, and as tools close what was cut
        with pytest.raises(CorruptError, match=r"cut off|damaged"):
            read(put(tmp_path, wrong))


def test_a_jpeg_that_lacks_only_its_end_marker_is_read(
    tmp_path: Path, read: Read, encode: Encode, colour: Pixels
) -> None:
    data = encode(colour, "JPEG", quality=95)
    whole = read(put(tmp_path, data)).pixels
    assert np.array_equal(read(put(tmp_path, data[:-2])).pixels, whole)
    assert np.array_equal(read(put(tmp_path, data + bytes(500))).pixels, whole), "bytes after the end do no harm"
    stray = data.replace(b"\xff\xdb", b"\0\0\0\xff\xdb", 1)
    assert np.array_equal(read(put(tmp_path, stray)).pixels, whole), "nor do stray bytes between markers"


@pytest.mark.parametrize("fmt", ["PNG", "WEBP", "JPEG2000"])
def test_other_truncated_pictures_are_errors(
    tmp_path: Path, read: Read, encode: Encode, colour: Pixels, fmt: str
) -> None:
    data = encode(colour, fmt)
    with pytest.raises(CorruptError) as caught:
        read(put(tmp_path, data[: len(data) // 2]))
    assert caught.value.page == 1
    assert caught.value.input == str(tmp_path / "scan.jpg")


def test_names_do_not_matter(tmp_path: Path, read: Read, encode: Encode, colour: Pixels) -> None:
    assert np.array_equal(read(put(tmp_path, encode(colour, "PNG"), "scan.pdf")).pixels, colour)
    assert np.array_equal(read(put(tmp_path, encode(colour, "TIFF"), "scan.jpg")).pixels, colour)


@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_constant_page_is_named(tmp_path: Path, read: Read, encode: Encode, value: int) -> None:
    flat = np.full((200, 100), value, np.uint8)
    for fmt in ("JPEG", "PNG"):
        with pytest.raises(BlankImageError, match="same colour"):
            read(put(tmp_path, encode(flat, fmt)))
    flat[150, 50] = 255 - value
    assert read(put(tmp_path, encode(flat, "PNG"))).pixels.max() == max(value, 255 - value), "one speck is a page"


def test_limits_are_held_by_the_header(tmp_path: Path, read: Read, encode: Encode, settings: Settings) -> None:
    data = bytearray(encode(Image.new("1", (50, 50)), "PNG"))
    data[16:24] = struct.pack(">II", 50_000, 50_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    bomb = put(tmp_path, bytes(data), "bomb.png")
    with pytest.raises(LimitError, match="MANUSPECT_MAX_PIXELS"):
        read(bomb)
    long = put(tmp_path, encode(Image.new("L", (61_000, 10), 1), "PNG"))
    with pytest.raises(LimitError, match="MANUSPECT_MAX_SIDE"):
        read(long)
    small = settings.model_copy(update={"max_file_bytes": 100})
    with pytest.raises(LimitError, match="MANUSPECT_MAX_FILE_BYTES"):
        read(long, settings=small)


def test_twelve_bit_jpegs_are_named(tmp_path: Path, read: Read, grey: Pixels) -> None:
    twelve = imagecodecs.jpeg_encode((grey.astype(np.uint16) * 16).astype(np.uint16), bitspersample=12)
    with pytest.raises(CorruptError, match="rare kind"):
        read(put(tmp_path, twelve))


def test_animations_are_named(tmp_path: Path, read: Read, encode: Encode, colour: Pixels) -> None:
    frames = [Image.fromarray(np.roll(colour, shift, 0)) for shift in (10, 20)]
    moving = encode(Image.fromarray(colour), "WEBP", save_all=True, append_images=frames)
    with pytest.raises(UnsupportedError, match="animation"):
        read(put(tmp_path, moving))


def test_the_digest_is_that_of_the_bytes(tmp_path: Path, encode: Encode, colour: Pixels, settings: Settings) -> None:
    data = encode(colour, "PNG")
    path = put(tmp_path, data, "12 recto.png")
    info = open_source(str(path), settings).info
    assert info.digest == hashlib.sha256(data).hexdigest()
    assert (info.kind, info.label, info.uri) == ("image", "12 recto", str(path))
