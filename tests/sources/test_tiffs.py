"""TIFF and BigTIFF of every kind scanners write."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import pyvips
import tifffile
from numpy.typing import NDArray
from PIL import Image

from infra.errors import BlankImageError, CorruptError, InputError, LimitError, UnsupportedError
from infra.settings import Settings
from ingest.sources import PageImage, open_source

Read = Callable[..., PageImage]
Pixels = NDArray[np.uint8]
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("layout", [{}, {"tile": (64, 64)}, {"rowsperstrip": 16}, {"bigtiff": True, "byteorder": ">"}])
@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd", "packbits", "jpeg2000", "jpeg"])
def test_compressions_and_layouts(
    tmp_path: Path, read: Read, grey: Pixels, colour: Pixels, compression: str | None, layout: dict[str, Any]
) -> None:
    path = tmp_path / "a.tif"
    for pixels, photometric in ((grey, "minisblack"), (colour, "rgb")):
        tifffile.imwrite(path, pixels, compression=compression, photometric=photometric, **layout)
        seen = read(path).pixels
        assert seen.shape == pixels.shape
        assert np.abs(seen.astype(int) - pixels).mean() <= (2 if compression == "jpeg" else 0)


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt", "tiff_lzw", None])
def test_one_bit(tmp_path: Path, read: Read, two_tone: Pixels, compression: str | None) -> None:
    path = tmp_path / "a.tif"
    Image.fromarray(two_tone).convert("1").save(path, compression=compression)
    assert np.array_equal(read(path).pixels, two_tone)


def test_white_may_be_zero(tmp_path: Path, read: Read, grey: Pixels, two_tone: Pixels) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, 255 - grey, photometric="miniswhite", compression="lzw")
    assert np.array_equal(read(path).pixels, grey)
    tifffile.imwrite(path, two_tone == 0, photometric="miniswhite")
    assert np.array_equal(read(path).pixels, two_tone)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_sixteen_bit_samples_keep_the_contrast_of_the_bits_they_use(
    tmp_path: Path, read: Read, grey: Pixels, colour: Pixels, bits: int
) -> None:
    path = tmp_path / "a.tif"
    for pixels, photometric in ((grey, "minisblack"), (colour, "rgb")):
        samples = (pixels.astype(np.uint32) * ((1 << bits) - 1) // 255).astype(np.uint16)
        tifffile.imwrite(path, samples, photometric=photometric, compression="zlib", predictor=True)
        assert np.abs(read(path).pixels.astype(int) - pixels).max() <= 1


def test_planes_inks_palettes_alpha_and_other_colours(tmp_path: Path, read: Read, colour: Pixels) -> None:
    path = tmp_path / "a.tif"
    for layout in ({}, {"tile": (64, 64), "compression": "lzw"}):
        tifffile.imwrite(path, np.moveaxis(colour, -1, 0), photometric="rgb", planarconfig="separate", **layout)
        assert np.array_equal(read(path).pixels, colour)
    cmyk = np.asarray(Image.fromarray(colour).convert("CMYK"))
    tifffile.imwrite(path, cmyk, photometric="separated")
    assert np.array_equal(read(path).pixels, colour)
    Image.fromarray(colour).convert("CMYK").save(path, compression="jpeg", quality=95)
    assert np.abs(read(path).pixels.astype(int) - colour).mean() < 2
    palette = Image.fromarray(colour).quantize(32)
    palette.save(path, compression="tiff_lzw")
    assert np.array_equal(read(path).pixels, np.asarray(palette.convert("RGB")))
    for compression in (None, "jpeg"):
        Image.fromarray(colour).convert("YCbCr").save(path, compression=compression)
        assert np.abs(read(path).pixels.astype(int) - colour).mean() < 2


def test_transparency_is_paper(tmp_path: Path, read: Read, colour: Pixels) -> None:
    path = tmp_path / "a.tif"
    alpha = np.full(colour.shape[:2], 255, np.uint8)
    alpha[50:60] = 0
    expected = colour.copy()
    expected[50:60] = 255
    tifffile.imwrite(path, np.dstack([colour, alpha]), photometric="rgb", extrasamples=["unassalpha"])
    assert np.array_equal(read(path).pixels, expected)
    premultiplied = np.dstack([np.where(alpha[..., None] > 0, colour, 0), alpha]).astype(np.uint8)
    tifffile.imwrite(path, premultiplied, photometric="rgb", extrasamples=["assocalpha"])
    assert np.array_equal(read(path).pixels, expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_tag(tmp_path: Path, read: Read, colour: Pixels, orientation: int) -> None:
    path = tmp_path / "a.tif"
    stored = np.ascontiguousarray(STORED[orientation](colour))
    tifffile.imwrite(path, stored, photometric="rgb", extratags=[(274, "H", 1, orientation, True)])
    assert np.array_equal(read(path).pixels, colour)


def test_reduced_images_are_no_pages(tmp_path: Path, settings: Settings, grey: Pixels) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        for number in range(3):
            file.write(np.roll(grey, number, 0), metadata=None, extratags=[(285, "s", 0, f"{number}r", True)])
            file.write(grey[::4, ::4], subfiletype=1, metadata=None)
    pages = open_source(str(path), settings).pages()
    assert [(page.number, page.label) for page in pages] == [(1, "0r"), (2, "1r"), (3, "2r")]


def test_a_pyramid_is_one_page(tmp_path: Path, settings: Settings, read: Read, colour: Pixels) -> None:
    large = np.kron(colour, np.ones((4, 4, 1), np.uint8))
    for subifd in (False, True):
        path = tmp_path / f"{subifd}.tif"
        pyvips.Image.new_from_array(large).tiffsave(str(path), tile=True, pyramid=True, subifd=subifd)
        assert len(open_source(str(path), settings).pages()) == 1
        assert np.array_equal(read(path).pixels, large)


def test_a_thousand_pages_are_listed_quickly_and_read_singly(tmp_path: Path, settings: Settings, grey: Pixels) -> None:
    path = tmp_path / "long.tif"
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for number in range(1000):
            file.write(np.roll(grey, number, 0), compression="zlib", metadata=None)
    began = time.process_time()
    source = open_source(str(path), settings)
    pages = source.pages()
    assert len(pages) == 1000
    assert time.process_time() - began < 2
    # Wreck every other page's pixels and directories but the 700th's: it must not notice.
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        keep = file.pages[699]
        start, end = keep.dataoffsets[0], keep.dataoffsets[0] + keep.databytecounts[0]
        directory = keep.offset
        tags_end = directory + 8 + 20 * len(keep.tags) + 200
    source.close()
    for place in range(16, len(data)):
        if not (start <= place < end or directory <= place < tags_end):
            data[place] = 0
    path.write_bytes(data)
    assert np.array_equal(source.read(pages[699]).pixels, np.roll(grey, 699, 0))
    with pytest.raises(CorruptError):
        source.read(pages[698])


def test_a_truncated_file_gives_the_pages_that_are_whole(tmp_path: Path, settings: Settings, grey: Pixels) -> None:
    path = tmp_path / "cut.tif"
    with tifffile.TiffWriter(path) as file:
        for number in range(20):
            file.write(np.roll(grey, number, 0), compression="zlib", metadata=None)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    source = open_source(str(path), settings)
    pages = source.pages()
    good, errors = 0, []
    for page in pages:
        try:
            assert np.array_equal(source.read(page).pixels, np.roll(grey, page.number - 1, 0))
            good += 1
        except InputError as error:
            errors.append(error)
    assert 8 <= good < 20
    assert errors
    assert all(isinstance(error, CorruptError) for error in errors)
    assert errors[-1].page == len(pages)
    assert "cut off" in errors[-1].reason


def test_bad_directories(tmp_path: Path, settings: Settings, grey: Pixels) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0\xff\xff\xff\x00")
    with pytest.raises(CorruptError, match="cut off"):
        open_source(str(path), settings).pages()
    path.write_bytes(b"II*\0")
    with pytest.raises(CorruptError):
        open_source(str(path), settings).pages()
    tifffile.imwrite(path, grey, metadata=None)
    data = bytearray(path.read_bytes())
    first = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, first)[0]
    struct.pack_into("<I", data, first + 2 + 12 * count, first)  # the next page is this page
    path.write_bytes(data)
    source = open_source(str(path), settings)
    assert len(source.pages()) == 2
    assert np.array_equal(source.read(source.pages()[0]).pixels, grey)
    with pytest.raises(CorruptError, match="circle"):
        source.read(source.pages()[1])


def test_wrecked_pixels_are_one_page_s_error(tmp_path: Path, settings: Settings, grey: Pixels) -> None:
    noise = np.random.default_rng(0).integers(0, 255, grey.shape, np.uint8)
    for compression in ("lzw", "zlib", "zstd", "jpeg2000"):
        path = tmp_path / f"{compression}.tif"
        with tifffile.TiffWriter(path) as file:
            file.write(noise, compression=compression, metadata=None)
            file.write(grey, compression=compression, metadata=None)
        with tifffile.TiffFile(path) as file:
            at = file.pages[0].dataoffsets[0]
        data = bytearray(path.read_bytes())
        data[at : at + 5000] = bytes(5000)
        path.write_bytes(data)
        source = open_source(str(path), settings)
        with pytest.raises(CorruptError) as caught:
            source.read(source.pages()[0])
        assert caught.value.page == 1
        assert np.array_equal(source.read(source.pages()[1]).pixels, grey)


def test_bombs_are_refused_before_decoding(tmp_path: Path, read: Read, settings: Settings, grey: Pixels) -> None:
    path = tmp_path / "bomb.tif"
    small = settings.model_copy(update={"max_pixels": 10_000})
    tifffile.imwrite(path, grey, compression="zlib")
    with pytest.raises(LimitError, match="MANUSPECT_MAX_PIXELS"):
        read(path, settings=small)
    tile = imagecodecs.jpeg_encode(np.full((4000, 4000), 9, np.uint8))
    with tifffile.TiffWriter(path) as file:
        file.write(iter([tile]), shape=(64, 64), dtype=np.uint8, tile=(64, 64), compression="jpeg", metadata=None)
    with pytest.raises(LimitError, match="claims 4000 x 4000"):
        read(path)


def test_what_nobody_scans_is_named(tmp_path: Path, read: Read, grey: Pixels) -> None:
    path = tmp_path / "a.tif"
    for dtype in (np.float32, np.int16, np.uint32):
        tifffile.imwrite(path, grey.astype(dtype), photometric="minisblack")
        with pytest.raises(UnsupportedError, match="samples"):
            read(path)
    tifffile.imwrite(path, grey, compression="jpegxl")
    with pytest.raises(UnsupportedError, match="compression"):
        read(path)


def test_a_page_of_one_colour_is_named_and_the_others_read(tmp_path: Path, settings: Settings, grey: Pixels) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(np.zeros_like(grey), metadata=None)
        file.write(grey, metadata=None)
    source = open_source(str(path), settings)
    with pytest.raises(BlankImageError) as caught:
        source.read(source.pages()[0])
    assert (caught.value.page, caught.value.input) == (1, str(path))
    assert np.array_equal(source.read(source.pages()[1]).pixels, grey)


def test_page_limit(tmp_path: Path, settings: Settings, grey: Pixels) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        for _ in range(5):
            file.write(grey, metadata=None)
    with pytest.raises(LimitError, match="MANUSPECT_MAX_PAGES"):
        open_source(str(path), settings.model_copy(update={"max_pages": 4})).pages()
