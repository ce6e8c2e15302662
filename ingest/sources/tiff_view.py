"""A TIFF file that seems to begin with the page asked for."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from ingest.sources.tiff_listing import Header


class PageView(io.RawIOBase):
    """The file's bytes, but with the header pointing at another first directory.

    So any TIFF reader can be sent to page 700 without walking to it, and a damaged page 1 hinders nobody. `close`
    leaves the file open: it belongs to the source.
    """

    def __init__(self, file: BinaryIO, header: Header, directory: int) -> None:
        super().__init__()
        self._file = file
        self._at = header.first_at
        self._pointer = struct.pack(header.offset_format, directory)
        self._place = 0
        self._size = file.seek(0, io.SEEK_END)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As files do."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        """As files do."""
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from the file, the pointer in the header replaced."""
        self._file.seek(self._place)
        view = memoryview(buffer).cast("B")
        count = self._file.readinto(view)  # type: ignore[attr-defined]
        for index, value in enumerate(self._pointer, self._at - self._place):
            if 0 <= index < count:
                view[index] = value
        self._place += count
        return int(count)
