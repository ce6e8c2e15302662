"""A small page that shows every mistake (nothing about it is symmetric), and ways to put it into files."""

from __future__ import annotations

import io
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

from infra.settings import Settings, load_settings
from ingest.sources import PageImage, open_source

Pixels = NDArray[np.uint8]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home")


@pytest.fixture
def grey() -> Pixels:
    page = np.full((310, 260), 230, np.uint8)
    page[40:60, 30:200] = 20
    page[100:300, 50:60] = 90
    page[200:220, 100:110] = 5
    page[:5, :8] = 0
    return page


@pytest.fixture
def colour(grey: Pixels) -> Pixels:
    return np.dstack([grey, np.roll(grey, 3, axis=1), np.roll(grey, 7, axis=0)])


@pytest.fixture
def two_tone(grey: Pixels) -> Pixels:
    return np.where(grey > 128, np.uint8(255), np.uint8(0))


@pytest.fixture
def read(settings: Settings) -> Callable[..., PageImage]:
    """Read one page of a file through the front door."""

    def read(path: Path, number: int = 1, settings: Settings = settings) -> PageImage:
        source = open_source(str(path), settings)
        try:
            return source.read(source.pages()[number - 1])
        finally:
            source.close()

    return read


def encoded(pixels: Pixels | Image.Image, fmt: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, fmt, **options)
    return buffer.getvalue()


@pytest.fixture
def encode() -> Callable[..., bytes]:
    return encoded


class PdfMaker:
    """Writes PDFs operator by operator."""

    FULL = b"q 260 0 0 310 0 0 cm /I Do Q"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pdf = pikepdf.new()

    def image(
        self, data: bytes, space: Any, filters: str = "", bits: int = 8, size: tuple[int, int] = (260, 310), **more: Any
    ) -> Any:
        stream = Stream(self.pdf, data)
        stream.Type, stream.Subtype = Name.XObject, Name.Image
        stream.Width, stream.Height, stream.BitsPerComponent = *size, bits
        for key, value in {"ColorSpace": space, "Filter": Name("/" + filters) if filters else None, **more}.items():
            if value is not None:
                stream[Name("/" + key)] = value
        return self.pdf.make_indirect(stream)

    def jpeg(self, data: bytes, **more: Any) -> Any:
        mode = Image.open(io.BytesIO(data)).mode
        space = {"L": Name.DeviceGray, "RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK}[mode]
        return self.image(data, space, "DCTDecode", **more)

    def deflated(self, pixels: Pixels, **more: Any) -> Any:
        space = Name.DeviceGray if pixels.ndim == 2 else Name.DeviceRGB
        size = (pixels.shape[1], pixels.shape[0])
        return self.image(zlib.compress(pixels.tobytes()), space, "FlateDecode", size=size, **more)

    def page(self, content: bytes = FULL, box: tuple[float, ...] = (0, 0, 260, 310), **more: Any) -> None:
        """`I` and other capitals alone are pictures; everything else goes into the page's dictionary."""
        page = self.pdf.add_blank_page(page_size=(260, 310))
        page.obj.MediaBox = Array(list(box))
        pictures = {f"/{key}": value for key, value in more.items() if len(key) == 1}
        page.obj.Resources = Dictionary(XObject=Dictionary(pictures))
        page.obj.Contents = Stream(self.pdf, content)
        for key, value in more.items():
            if len(key) > 1:
                page.obj[Name("/" + key)] = value

    def save(self, **options: Any) -> Path:
        self.pdf.save(self.path, **options)
        return self.path


@pytest.fixture
def pdf(tmp_path: Path) -> PdfMaker:
    return PdfMaker(tmp_path / "made.pdf")
