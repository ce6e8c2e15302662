"""PDFs: scans taken out byte for byte where one covers the page, else rendered at native size."""

from __future__ import annotations

import io
import resource
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from numpy.typing import NDArray
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image

from infra.errors import BlankImageError, CorruptError, EncryptedError, InputError, LimitError
from infra.settings import Settings
from ingest.sources import PageImage, open_source
from ingest.sources.pdf_page import Rendering
from ingest.sources.pdf_render import render

Read = Callable[..., PageImage]
Encode = Callable[..., bytes]
Pixels = NDArray[np.uint8]
FULL = b"q 260 0 0 310 0 0 cm /I Do Q"
STAMP = b" 0 g 250 300 5 5 re f"
"""A small black square: whatever bears it must be rendered."""


def stamped(pixels: Pixels) -> Pixels:
    result = pixels.copy()
    result[5:10, 250:255] = 0
    return result


def test_jpeg_scans_come_out_byte_for_byte(pdf: Any, read: Read, encode: Encode, grey: Pixels, colour: Pixels) -> None:
    streams = [encode(grey, "JPEG"), encode(colour, "JPEG"), encode(colour, "JPEG", progressive=True)]
    for data in streams:
        pdf.page(I=pdf.jpeg(data))
    path = pdf.save()
    for number, data in enumerate(streams, 1):
        page = read(path, number)
        assert page.encoded == data
        assert np.array_equal(page.pixels, np.asarray(Image.open(io.BytesIO(data))))


def test_jpeg2000_scans_come_out_byte_for_byte(pdf: Any, read: Read, encode: Encode, colour: Pixels) -> None:
    data = encode(colour, "JPEG2000")
    pdf.page(I=pdf.image(data, Name.DeviceRGB, "JPXDecode"))
    page = read(pdf.save())
    assert page.encoded == data
    assert np.array_equal(page.pixels, colour)


def test_lossless_scans_are_decoded_without_loss(pdf: Any, read: Read, grey: Pixels, colour: Pixels) -> None:
    palette = Image.fromarray(colour).quantize(32)
    table = pikepdf.String(bytes(palette.getpalette()[:96]))
    up = np.diff(colour.reshape(310, -1).astype(int), axis=0, prepend=0)
    predicted = zlib.compress(np.hstack([np.full((310, 1), 2), up]).astype(np.uint8).tobytes())
    parms = Dictionary(Predictor=15, Colors=3, Columns=260, BitsPerComponent=8)
    wide = zlib.compress((grey.astype(">u2") * 257).astype(">u2").tobytes())
    inverted = Array([1, 0, 1, 0, 1, 0])
    cases = [
        (pdf.deflated(grey), grey),
        (pdf.deflated(colour), colour),
        (pdf.image(colour.tobytes(), Name.DeviceRGB), colour),
        (pdf.deflated(255 - colour, Decode=inverted), colour),
        (pdf.image(predicted, Name.DeviceRGB, "FlateDecode", DecodeParms=parms), colour),
        (pdf.image(wide, Name.DeviceGray, "FlateDecode", 16), grey),
        (
            pdf.image(np.asarray(palette).tobytes(), Array([Name.Indexed, Name.DeviceRGB, 31, table])),
            np.asarray(palette.convert("RGB")),
        ),
    ]
    for image, _ in cases:
        pdf.page(I=image)
    path = pdf.save()
    for number, (_, expected) in enumerate(cases, 1):
        assert np.array_equal(read(path, number).pixels, expected), number


def test_two_tone_scans(pdf: Any, read: Read, encode: Encode, two_tone: Pixels) -> None:
    fax = Image.open(io.BytesIO(encode(Image.fromarray(two_tone).convert("1"), "TIFF", compression="group4")))
    start, length = fax.tag_v2[273][0], fax.tag_v2[279][0]
    data = fax.fp.getvalue()[start : start + length]
    white_is_zero = fax.tag_v2[262] == 0
    for black_is_one in (False, True):
        parms = Dictionary(K=-1, Columns=260, Rows=310, BlackIs1=black_is_one)
        pdf.page(I=pdf.image(data, Name.DeviceGray, "CCITTFaxDecode", 1, DecodeParms=parms))
    packed = zlib.compress(np.packbits(two_tone > 0, axis=1).tobytes())
    pdf.page(I=pdf.image(packed, Name.DeviceGray, "FlateDecode", 1))
    path = pdf.save()
    upright = two_tone if white_is_zero else 255 - two_tone
    assert np.array_equal(read(path, 1).pixels, upright)
    assert np.array_equal(read(path, 2).pixels, 255 - upright)
    assert np.array_equal(read(path, 3).pixels, two_tone)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize(
    "matrix", ["260 0 0 310 0 0", "-260 0 0 310 260 0", "260 0 0 -310 0 310", "-260 0 0 -310 260 310"]
)
def test_rotated_and_mirrored_scans_lie_as_viewers_show_them(
    pdf: Any, read: Read, settings: Settings, colour: Pixels, matrix: str, rotation: int
) -> None:
    pdf.page(f"q {matrix} cm /I Do Q".encode(), I=pdf.deflated(colour), Rotate=rotation)
    path = pdf.save()
    taken = read(path).pixels
    shown = Rendering((taken.shape[1], taken.shape[0]), 72.0, rotation in (90, 270))
    assert np.array_equal(taken, render(str(path), 1, shown, grey=False, settings=settings))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize(
    "matrix", ["0 310 -260 0 260 0", "0 -310 260 0 0 310", "0 310 260 0 0 0", "0 -310 -260 0 260 310"]
)
def test_scans_lying_on_their_side(
    pdf: Any, read: Read, settings: Settings, colour: Pixels, matrix: str, rotation: int
) -> None:
    lying = np.ascontiguousarray(np.rot90(colour))
    pdf.page(f"q {matrix} cm /I Do Q".encode(), I=pdf.deflated(lying), Rotate=rotation)
    path = pdf.save()
    taken = read(path).pixels
    shown = Rendering((taken.shape[1], taken.shape[0]), 72.0, rotation in (90, 270))
    assert np.array_equal(taken, render(str(path), 1, shown, grey=False, settings=settings))


def test_a_turned_jpeg_is_not_kept(pdf: Any, read: Read, encode: Encode, colour: Pixels) -> None:
    data = encode(colour, "JPEG")
    pdf.page(I=pdf.jpeg(data), Rotate=90)
    page = read(pdf.save())
    assert page.encoded is None
    assert np.array_equal(page.pixels, np.rot90(np.asarray(Image.open(io.BytesIO(data))), -1))


def test_what_lies_under_or_is_invisible_does_not_matter(pdf: Any, read: Read, encode: Encode, grey: Pixels) -> None:
    data = encode(grey, "JPEG")
    image = pdf.jpeg(data)
    form = Stream(pdf.pdf, FULL)
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 260, 310])
    form.Resources = Dictionary(XObject=Dictionary(I=image))
    pdf.page(FULL + b" BT 3 Tr /F1 12 Tf 10 10 Td (recognised) Tj ET", I=image)
    pdf.page(b"1 1 1 rg 0 0 260 310 re f q 0 0 260 310 re W n 260 0 0 310 0 0 cm /I Do Q", I=image)
    pdf.page(b"BT /F1 12 Tf 10 10 Td (under the scan) Tj ET " + FULL, I=image)
    pdf.page(b"/F Do", F=form)
    pdf.page(b"q 595 0 0 709.4 0 0 cm /I Do Q", (0, 0, 595, 709.4), I=image)
    path = pdf.save()
    for number in range(1, 6):
        assert read(path, number).encoded == data, number


@pytest.mark.parametrize("rotation", [0, 90])
def test_a_page_with_more_on_it_is_rendered_at_the_scan_s_own_pixels(
    pdf: Any, read: Read, grey: Pixels, colour: Pixels, rotation: int
) -> None:
    for pixels in (grey, colour):
        pdf.page(FULL + STAMP, I=pdf.deflated(pixels), Rotate=rotation)
        # No dpi metadata: an A4 page of 595 points would come out 2479 pixels wide at 300 dpi.
        content = b"q 595 0 0 709.4231 0 0 cm /I Do Q q 2.28846 0 0 2.28846 0 0 cm" + STAMP + b" Q"
        pdf.page(content, (0, 0, 595, 709.4231), I=pdf.deflated(pixels), Rotate=rotation)
    path = pdf.save()
    for number, pixels in enumerate((grey, grey, colour, colour), 1):
        seen = read(path, number)
        assert seen.encoded is None
        expected = np.rot90(stamped(pixels), -rotation // 90)
        assert seen.pixels.shape == expected.shape, "grey pages are rendered grey"
        assert np.abs(seen.pixels.astype(int) - expected).mean() < 0.5


def test_crops_masks_and_blends_are_rendered(pdf: Any, read: Read, colour: Pixels, grey: Pixels) -> None:
    image = pdf.deflated(colour)
    bits = zlib.compress(np.packbits(grey > 128, axis=1).tobytes())
    pdf.page(FULL, I=image, CropBox=Array([20, 30, 200, 210]))
    pdf.page(b"q 0 0 100 100 re W n 260 0 0 310 0 0 cm /I Do Q", I=image)
    pdf.page(FULL, I=pdf.deflated(colour, SMask=pdf.deflated(np.full_like(grey, 128))))
    pdf.page(b"0 0 1 rg " + FULL, I=pdf.image(bits, None, "FlateDecode", 1, ImageMask=True))
    path = pdf.save()
    assert np.array_equal(read(path, 1).pixels, colour[310 - 210 : 310 - 30, 20:200])
    clipped = read(path, 2).pixels
    assert clipped.shape == colour.shape
    assert (clipped[:200] == 255).all()
    assert np.abs(read(path, 3).pixels.astype(int) - (colour.astype(int) + 255) // 2).max() <= 2
    painted = read(path, 4).pixels
    assert np.array_equal(painted[..., 2], np.full_like(grey, 255))
    assert np.array_equal(painted[..., 0] == 0, grey <= 128)


def test_a_coarse_background_under_a_sharp_mask_is_rendered_sharp(pdf: Any, read: Read, grey: Pixels) -> None:
    background = pdf.deflated(np.ascontiguousarray(grey[::5, ::5]))
    sharp = np.kron(grey, np.ones((3, 3), np.uint8)) > 128
    mask = pdf.image(np.packbits(sharp, axis=1).tobytes(), None, bits=1, size=(780, 930), ImageMask=True)
    pdf.page(b"q 260 0 0 310 0 0 cm /B Do 0 g /M Do Q", B=background, M=mask)
    assert read(pdf.save()).pixels.shape == (930, 780)


def test_a_small_picture_does_not_set_the_size(pdf: Any, read: Read, grey: Pixels) -> None:
    pdf.page(b"q 20 0 0 24 0 0 cm /I Do Q 0 g 100 100 50 5 re f", I=pdf.deflated(grey))
    assert read(pdf.save()).pixels.shape == (round(310 * 300 / 72), 1084)


def test_a_scan_in_stripes_is_rendered_at_its_own_pixels(pdf: Any, read: Read, grey: Pixels) -> None:
    top, bottom = pdf.deflated(grey[:155]), pdf.deflated(grey[155:])
    pdf.page(b"q 520 0 0 310 0 310 cm /T Do Q q 520 0 0 310 0 0 cm /B Do Q", (0, 0, 520, 620), T=top, B=bottom)
    assert np.abs(read(pdf.save()).pixels.astype(int) - grey).mean() < 1


def test_cmyk_jpegs_are_rendered(pdf: Any, read: Read, encode: Encode, colour: Pixels) -> None:
    data = encode(Image.fromarray(colour).convert("CMYK"), "JPEG", quality=95)
    pdf.page(I=pdf.jpeg(data, Decode=Array([1, 0] * 4)))
    seen = read(pdf.save())
    assert seen.encoded is None
    assert np.abs(seen.pixels.astype(int) - colour).mean() < 20


@pytest.mark.parametrize("more", [b"", STAMP])
def test_scans_cut_off_are_errors_taken_out_or_rendered(
    pdf: Any, read: Read, encode: Encode, colour: Pixels, more: bytes
) -> None:
    noisy = np.random.default_rng(0).integers(0, 255, colour.shape, np.uint8)
    jpeg, packed = encode(noisy, "JPEG"), zlib.compress(noisy.tobytes())
    pdf.page(FULL + more, I=pdf.image(jpeg[: len(jpeg) // 2], Name.DeviceRGB, "DCTDecode"))
    pdf.page(FULL + more, I=pdf.image(packed[: len(packed) // 2], Name.DeviceRGB, "FlateDecode"))
    pdf.page(FULL + more, I=pdf.image(noisy.tobytes()[:100_000], Name.DeviceRGB))
    pdf.page(FULL + more, I=pdf.deflated(colour))
    path = pdf.save()
    for number in (1, 2, 3):
        with pytest.raises(CorruptError, match="cut off") as caught:
            read(path, number)
        assert (caught.value.page, caught.value.input) == (number, str(path))
    assert read(path, 4).pixels.shape == colour.shape, "the other pages stay readable"


def test_sizes_are_checked_before_rendering(pdf: Any, read: Read, grey: Pixels) -> None:
    pdf.page(b"0 g 5 5 20 20 re f", (0, 0, 14_400, 14_400))  # 200 inches
    pdf.page(I=pdf.image(zlib.compress(bytes(1000)), Name.DeviceGray, "FlateDecode", size=(50_000, 50_000)))
    pdf.page(I=pdf.image(zlib.compress(bytes(100_000_000)), Name.DeviceGray, "FlateDecode"))
    pdf.page(b"q 14400 0 0 17169 0 0 cm /I Do Q" + STAMP, (0, 0, 14_400, 17_169), I=pdf.deflated(grey))
    path = pdf.save()
    began = time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    for number in (1, 2, 3):
        with pytest.raises(LimitError):
            read(path, number)
    assert time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - began < 5
    assert read(path, 4).pixels.shape == (310, 260), "a 200-inch page made of a small scan has the scan's size"


def test_rendering_is_given_up_after_page_timeout(pdf: Any, read: Read, settings: Settings) -> None:
    pdf.page(
        b"0 0 1 rg 1 1 m " + b"".join(b"%d %d l " % (i * 7 % 2900, i * 13 % 2900) for i in range(200_000)) + b"f",
        (0, 0, 3000, 3000),
    )
    with pytest.raises(LimitError, match="MANUSPECT_PAGE_TIMEOUT"):
        read(pdf.save(), settings=settings.model_copy(update={"page_timeout": 0.05}))


def test_empty_pages_are_named(pdf: Any, read: Read, encode: Encode) -> None:
    pdf.page(b"")
    pdf.page(I=pdf.jpeg(encode(np.full((310, 260), 250, np.uint8), "JPEG")))
    path = pdf.save()
    for number in (1, 2):
        with pytest.raises(BlankImageError):
            read(path, number)


def test_passwords(pdf: Any, read: Read, settings: Settings, encode: Encode, grey: Pixels) -> None:
    data = encode(grey, "JPEG")
    pdf.page(I=pdf.jpeg(data))
    pdf.page(FULL + STAMP, I=pdf.jpeg(data))
    path = pdf.save(encryption=pikepdf.Encryption(owner="owner", user=""))
    assert read(path, 1).encoded == data, "protected against printing but open to all"
    assert read(path, 2).pixels.shape == grey.shape
    path = pdf.save(encryption=pikepdf.Encryption(owner="owner", user="secret"))
    with pytest.raises(EncryptedError, match="password") as caught:
        open_source(str(path), settings).pages()
    assert caught.value.input == str(path)


def test_files_that_are_no_pdfs_inside(tmp_path: Path, settings: Settings, pdf: Any) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 20)
    with pytest.raises(CorruptError, match="damaged"):
        open_source(str(path), settings).pages()
    with pytest.raises(CorruptError, match="no pages"):
        open_source(str(pdf.save()), settings).pages()


def test_a_truncated_pdf_gives_the_pages_that_are_whole(
    pdf: Any, settings: Settings, encode: Encode, grey: Pixels
) -> None:
    for number in range(20):
        pdf.page(I=pdf.jpeg(encode(np.roll(grey, number, 0), "JPEG")))
    path = pdf.save()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    source = open_source(str(path), settings)
    good, bad = 0, 0
    for page in source.pages():
        try:
            seen = source.read(page).pixels
            assert np.abs(seen.astype(int) - np.roll(grey, page.number - 1, 0)).mean() < 3
            good += 1
        except CorruptError as error:
            assert error.page == page.number
            bad += 1
    assert good + bad >= 20, "every page the file promises is accounted for"
    assert good >= 5
    assert bad >= 5


def test_metadata_and_page_labels(pdf: Any, settings: Settings, grey: Pixels) -> None:
    for _ in range(3):
        pdf.page(I=pdf.deflated(grey))
    pdf.pdf.docinfo["/Title"] = "Journal de bord"
    pdf.pdf.docinfo["/Author"] = "Anonyme"
    pdf.pdf.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.r), 2, Dictionary(S=Name.D)]))
    source = open_source(str(pdf.save()), settings)
    assert source.info.metadata == {"title": "Journal de bord", "author": "Anonyme"}
    assert (source.info.kind, source.info.label) == ("pdf", "made")
    assert [page.label for page in source.pages()] == ["i", "ii", "1"]


def test_a_thousand_pages_are_listed_quickly_and_read_singly(
    pdf: Any, settings: Settings, encode: Encode, grey: Pixels
) -> None:
    streams = [encode(np.roll(grey, number, 0), "JPEG") for number in range(1000)]
    for data in streams:
        pdf.page(I=pdf.jpeg(data))
    path = pdf.save()
    began = time.process_time()
    source = open_source(str(path), settings)
    pages = source.pages()
    assert len(pages) == 1000
    assert source.read(pages[699]).encoded == streams[699]
    assert time.process_time() - began < 3
    small = settings.model_copy(update={"max_pages": 999})
    with pytest.raises(LimitError, match="MANUSPECT_MAX_PAGES"):
        open_source(str(path), small).pages()


def test_hostile_content_streams_end_in_a_page_or_a_named_error(
    pdf: Any, read: Read, settings: Settings, grey: Pixels
) -> None:
    image = pdf.deflated(grey)
    loop = Stream(pdf.pdf, b"/F Do")
    loop.Type, loop.Subtype, loop.BBox = Name.XObject, Name.Form, Array([0, 0, 260, 310])
    loop = pdf.pdf.make_indirect(loop)
    loop.Resources = Dictionary(XObject=Dictionary(F=loop))
    nest = loop
    for _ in range(7):  # a hundred drawn by each of a hundred drawn by each of a hundred...
        inner, nest = nest, pdf.pdf.make_indirect(Stream(pdf.pdf, b"/F Do " * 100))
        nest.Type, nest.Subtype, nest.BBox = Name.XObject, Name.Form, Array([0, 0, 1, 1])
        nest.Resources = Dictionary(XObject=Dictionary(F=inner if inner is not loop else image))
    contents = [
        b"/N Do " + FULL,
        b"q " * 5_000_000 + FULL,
        b"/Nothing Do " + FULL,
        b"1 2 cm " + FULL,
        b"Q Q Q " + FULL,
        b"/F Do " + FULL,
        b"(unclosed " + FULL,
        b"\xff\x00[[[[<<" + FULL,
    ]
    for content in contents:
        pdf.page(content, I=image, F=loop, N=nest)
    path = pdf.save()
    short = settings.model_copy(update={"page_timeout": 5.0})
    for number in range(1, len(contents) + 1):
        try:
            assert read(path, number, settings=short).pixels.ndim in (2, 3)
        except InputError as error:
            assert error.page == number
