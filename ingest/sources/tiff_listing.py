"""The pages of a TIFF or BigTIFF, listed by walking its chain of directories (IFDs) and nothing else.

TIFF 6.0, section 2; BigTIFF by the libtiff design note. A few hundred bytes are read per page, whatever its size.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from infra.errors import CorruptError, LimitError

_SUBFILE, _OLD_SUBFILE, _PAGE_NAME = 254, 255, 285
_REDUCED, _MASK = 1, 4
_MOST_TAGS = 4096


@dataclass(frozen=True, slots=True)
class Directory:
    """One IFD of the main chain."""

    offset: int
    """Byte offset in the file."""
    is_page: bool
    """False for thumbnails, pyramid levels and transparency masks, which belong to another page."""
    name: str
    """The PageName tag, '' where there is none."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The directories in order, and whether the chain breaks off."""

    directories: tuple[Directory, ...]
    broken: str | None
    """Why the chain could not be followed to its end; None where it could."""
    header: Header


@dataclass(frozen=True, slots=True)
class Header:
    """How numbers and offsets are written in this file."""

    order: str
    """'<' or '>', as struct has it."""
    big: bool
    """BigTIFF: 8-byte offsets."""

    @property
    def offset_format(self) -> str:
        """struct format of an offset."""
        return self.order + ("Q" if self.big else "I")

    @property
    def first_at(self) -> int:
        """Where the header keeps the offset of the first directory."""
        return 8 if self.big else 4


def list_directories(file: BinaryIO, size: int, max_pages: int) -> Listing:
    """Follow the chain of a file of `size` bytes.

    Raises CorruptError where not even the first directory is there, LimitError beyond `max_pages` pages.
    """
    header = _header(file.read(16))
    file.seek(header.first_at)
    offset = _number(file, header.offset_format)
    found: list[Directory] = []
    seen: set[int] = set()
    pages = 0
    broken = None
    while offset and broken is None:
        if offset in seen:
            broken = "its list of pages runs in a circle"
        elif offset >= size:
            broken = f"the file is cut off: its next page would begin at byte {offset:,} of {size:,}"
        else:
            seen.add(offset)
            try:
                directory, offset = _directory(file, offset, header)
            except struct.error:
                broken = f"the file is cut off: it ends within its list of pages, at byte {size:,}"
            except ValueError as error:
                broken = f"its list of pages is damaged at byte {offset:,} ({error})"
            else:
                found.append(directory)
                pages += directory.is_page
        if pages > max_pages:
            raise LimitError(
                f"It has more than {max_pages:,} pages (MANUSPECT_MAX_PAGES). Split it, or raise the limit."
            )
    if not found:
        raise CorruptError(f"No page can be read: {broken or 'it lists none'}. Fetch or scan it again.")
    return Listing(tuple(found), broken, header)


def _header(head: bytes) -> Header:
    if len(head) < 8:
        raise CorruptError("The file ends within its header. Fetch or scan it again.")
    order = "<" if head[:2] == b"II" else ">"
    big = struct.unpack(order + "H", head[2:4])[0] == 43
    if big and struct.unpack(order + "HH", head[4:8]) != (8, 0):
        raise CorruptError("Its BigTIFF header is damaged. Fetch or scan it again.")
    return Header(order, big)


def _directory(file: BinaryIO, offset: int, header: Header) -> tuple[Directory, int]:
    """One directory and the offset of the next, 0 at the end."""
    file.seek(offset)
    count = _number(file, header.order + ("Q" if header.big else "H"))
    if not 0 < count <= _MOST_TAGS:
        raise ValueError(f"{count} tags")
    width = 20 if header.big else 12
    entries = file.read(width * count)
    next_offset = _number(file, header.offset_format)
    tags = {
        struct.unpack_from(header.order + "H", entries, i)[0]: entries[i : i + width]
        for i in range(0, len(entries), width)
    }
    kind = _inline(tags.get(_SUBFILE), header)
    is_page = not kind & (_REDUCED | _MASK) and _inline(tags.get(_OLD_SUBFILE), header) != 2
    return Directory(offset, is_page, _text(file, tags.get(_PAGE_NAME), header)), next_offset


def _number(file: BinaryIO, layout: str) -> int:
    return int(struct.unpack(layout, file.read(struct.calcsize(layout)))[0])


def _inline(entry: bytes | None, header: Header) -> int:
    """The value of a SHORT or LONG tag, 0 where it is missing."""
    if entry is None:
        return 0
    short = struct.unpack_from(header.order + "H", entry, 2)[0] == 3
    return int(struct.unpack_from(header.order + ("H" if short else "I"), entry, 12 if header.big else 8)[0])


def _text(file: BinaryIO, entry: bytes | None, header: Header) -> str:
    """The value of an ASCII tag, at most 200 bytes of it."""
    if entry is None:
        return ""
    start = 12 if header.big else 8
    length = struct.unpack_from(header.order + ("Q" if header.big else "I"), entry, 4)[0]
    if length <= len(entry) - start:
        raw = entry[start : start + length]
    else:
        file.seek(struct.unpack_from(header.offset_format, entry, start)[0])
        raw = file.read(min(length, 200))
    return raw.split(b"\0")[0].decode("utf-8", "replace").strip()
