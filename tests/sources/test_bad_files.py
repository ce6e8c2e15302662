"""Every bad input is a named error that says which file and what to do."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from infra.errors import CorruptError, InputError, NotFoundError, UnsupportedError
from infra.settings import Settings
from ingest.sources import open_source

Encode = Callable[..., bytes]
Pixels = NDArray[np.uint8]


@pytest.mark.parametrize(
    ("name", "data", "error", "says"),
    [
        ("a.jpg", b"", CorruptError, "zero bytes"),
        ("a.pdf", b"", CorruptError, "zero bytes"),
        ("a.jpg", b"<!DOCTYPE html><html>404</html>", CorruptError, "named like a JPEG file but is a web page"),
        ("a.tif", b"just some words", CorruptError, "named like a TIFF file"),
        ("a.jpg", b"\0\0\0\x18ftypheic", CorruptError, "HEIC"),
        ("a.heic", b"\0\0\0\x18ftypheic", UnsupportedError, "HEIC"),
        ("a.gif", b"GIF89a", UnsupportedError, "GIF"),
        ("a.djvu", b"AT&TFORM\0\0", UnsupportedError, "DjVu"),
        ("a.docx", b"PK\x03\x04", UnsupportedError, "office"),
        ("a.txt", b"words", UnsupportedError, "no kind that is read"),
    ],
)
def test_by_content(
    tmp_path: Path, settings: Settings, name: str, data: bytes, error: type[InputError], says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(error, match=says) as caught:
        open_source(str(path), settings)
    assert type(caught.value) is error
    assert caught.value.input == str(path)
    assert str(caught.value).startswith(str(path))


def test_by_place(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        open_source(str(tmp_path / "none.pdf"), settings)
    with pytest.raises(UnsupportedError, match="folder"):
        open_source(str(tmp_path), settings)
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(UnsupportedError, match="pipe"):
        open_source(str(tmp_path / "pipe.jpg"), settings)
    with pytest.raises(NotFoundError):
        open_source("a\0b.jpg", settings)


def test_a_file_that_vanishes_is_named(tmp_path: Path, settings: Settings, encode: Encode, colour: Pixels) -> None:
    for fmt in ("PNG", "TIFF", "PDF"):
        path = tmp_path / fmt
        path.write_bytes(encode(colour, fmt))
        source = open_source(str(path), settings)
        page = source.pages()[0]
        source.close()
        path.unlink()
        with pytest.raises(NotFoundError, match="no such file"):
            source.read(page)


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "JPEG2000", "TIFF", "PDF"])
def test_whatever_happens_to_a_file_it_ends_in_pixels_or_a_named_error(
    tmp_path: Path, settings: Settings, encode: Encode, colour: Pixels, fmt: str
) -> None:
    whole = encode(np.ascontiguousarray(colour[:64, :64]), fmt)
    path = tmp_path / "a"

    @hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def damage(data: st.DataObject) -> None:
        wrong = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
        for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(whole)), st.integers(0, 255)), max_size=8)):
            if place < len(wrong):
                wrong[place] = value
        path.write_bytes(wrong)
        try:
            source = open_source(str(path), settings)
            for page in source.pages()[:3]:
                pixels = source.read(page).pixels
                assert pixels.dtype == np.uint8
                assert pixels.min() != pixels.max()
        except InputError as error:
            assert error.input == str(path)
            assert error.reason

    damage()
