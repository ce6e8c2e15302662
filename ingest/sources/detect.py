"""What a file is, by its first bytes: names lie."""

from __future__ import annotations

import enum
from pathlib import PurePath

from infra.errors import CorruptError, InputError, UnsupportedError

HEAD_BYTES = 4096
"""How much of a file `detect` wants to see."""


class Kind(enum.StrEnum):
    """The formats that are read."""

    PDF = "pdf"
    TIFF = "tiff"
    JPEG = "jpeg"
    PNG = "png"
    JPEG2000 = "jpeg2000"
    WEBP = "webp"
    JSON = "json"
    """Perhaps a IIIF manifest or collection; its reader decides."""


SUFFIXES = {
    ".pdf": "PDF",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".btf": "TIFF",
    ".tf8": "TIFF",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".jp2": "JPEG 2000",
    ".j2k": "JPEG 2000",
    ".jpf": "JPEG 2000",
    ".jpx": "JPEG 2000",
    ".j2c": "JPEG 2000",
    ".jpc": "JPEG 2000",
    ".webp": "WebP",
}
"""Names that promise a format we read, and which."""

_READ = (
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"II*\0", Kind.TIFF),
    (b"MM\0*", Kind.TIFF),
    (b"II+\0", Kind.TIFF),
    (b"MM\0+", Kind.TIFF),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Kind.JPEG2000),
    (b"\xff\x4f\xff\x51", Kind.JPEG2000),
)
_KNOWN = (
    (b"GIF8", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"AT&TFORM", "a DjVu document"),
    (b"8BPS", "a Photoshop document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image"),
    (b"\x97JB2", "a JBIG2 image"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document"),
)


def detect(head: bytes, name: str) -> Kind:
    """The format of a file that begins with `head` (up to HEAD_BYTES) and is called `name`.

    Raises CorruptError for an empty file and for one that is nothing its name promises, UnsupportedError for a format
    that is not read; both say what was found.
    """
    if not head:
        raise CorruptError("The file is empty (zero bytes). Copy or scan it again.")
    kind = _kind(head)
    if kind is None:
        raise _unreadable(head, name)
    return kind


def _kind(head: bytes) -> Kind | None:
    for magic, kind in _READ:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    # Readers look for the PDF header within the first 1024 bytes, since mailers and scanners prepend things.
    if b"%PDF-" in head[:1024]:
        return Kind.PDF
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        return Kind.JSON
    return None


def _unreadable(head: bytes, name: str) -> InputError:
    promised = SUFFIXES.get(PurePath(name).suffix.lower())
    found = _known(head)
    remedy = "Convert it to PDF, TIFF, JPEG, PNG, JPEG 2000 or WebP."
    if found and promised:
        return CorruptError(f"It is named like a {promised} file but is {found}, which is not read. {remedy}")
    if found:
        return UnsupportedError(f"It is {found}, which is not read. {remedy}")
    if promised:
        return CorruptError(f"It is named like a {promised} file but its first bytes are not. Fetch or scan it again.")
    return UnsupportedError(f"Its content is of no kind that is read. {remedy}")


def _known(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        return "a HEIC or AVIF image or a film"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    for magic, name in _KNOWN:
        if head.startswith(magic) or (magic[:1] == b"<" and text.startswith(magic)):
            return name
    return None
