"""One real file of every kind that cannot be indexed, and what is to be said of it."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pikepdf
from PIL import Image

Said = dict[tuple[str, int | None], str]
"""(file, page) -> name of the error; the page is None where the whole file is meant."""


def write_bad_files(folder: Path, good: Image.Image) -> Said:
    """`good`: a sound page, whole in `odd name.jpg`, a TIFF in truth, and on the first page of both TIFFs."""
    folder.mkdir()
    jpeg, png, tiff, pdf = (encoded(good, kind) for kind in ("JPEG", "PNG", "TIFF", "PDF"))
    blank = Image.new("L", good.size, 255)
    book = encoded(good, "TIFF", save_all=True, append_images=[blank, good])
    rubbish = np.random.default_rng(0).bytes(3000)
    files = {
        "odd name.jpg": tiff,
        "zero.jpg": b"",
        "zero.pdf": b"",
        "corrupt.jpg": jpeg[:200] + rubbish,
        "corrupt.pdf": b"%PDF-1.7\n" + rubbish,
        "truncated.jpg": jpeg[: len(jpeg) // 2],
        "truncated.png": png[: len(png) // 2],
        "truncated.pdf": pdf[: len(pdf) // 2],
        "truncated.tif": book[: len(book) // 2],
        "book.tif": book,
        "white.png": encoded(blank, "PNG"),
        "black.jpg": encoded(Image.new("RGB", good.size), "JPEG"),
        "bomb.png": bomb(30_000),
        "web.jpg": b"<!DOCTYPE html><html>404</html>",
        "letter.docx": b"PK\x03\x04" + rubbish,
        "data.json": b"{}",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    write_pdf(folder / "encrypted.pdf", 200, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    write_pdf(folder / "no pages.pdf")
    write_pdf(folder / "no ink.pdf", 300)
    write_pdf(folder / "200 inches.pdf", 200 * 72, content=b"0 0 9999 9999 re f")
    whole = {
        **dict.fromkeys(["zero.jpg", "zero.pdf", "corrupt.pdf", "truncated.pdf", "no pages.pdf"], "CorruptError"),
        **{"web.jpg": "CorruptError", "letter.docx": "UnsupportedError", "data.json": "UnsupportedError"},
        "encrypted.pdf": "EncryptedError",
    }
    first = {
        **dict.fromkeys(["corrupt.jpg", "truncated.jpg", "truncated.png"], "CorruptError"),
        **dict.fromkeys(["white.png", "black.jpg", "no ink.pdf"], "BlankImageError"),
        **dict.fromkeys(["bomb.png", "200 inches.pdf"], "LimitError"),
    }
    second = {"book.tif": "BlankImageError", "truncated.tif": "CorruptError"}
    third = {"truncated.tif": "CorruptError"}
    pages = ((None, whole), (1, first), (2, second), (3, third))
    return {(name, page): error for page, errors in pages for name, error in errors.items()}


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of some kilobytes that unfolds to side x side two-tone pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer, row = zlib.compressobj(1), bytes(1 + (side + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def write_pdf(path: Path, side: float | None = None, content: bytes = b"", **options: object) -> None:
    """Of one square page, `side` points wide, or of none."""
    pdf = pikepdf.new()
    if side is not None:
        pdf.add_blank_page(page_size=(side, side)).obj.Contents = pikepdf.Stream(pdf, content)
    pdf.save(path, **options)
