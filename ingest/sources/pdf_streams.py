"""Streams of a PDF, unpacked within bounds."""

from __future__ import annotations

import zlib
from typing import Any

import pikepdf

from infra.errors import LimitError

_MOST_CONTENT = 8 << 20


def filter_names(stream: Any) -> list[str]:
    """The stream's filters, outermost first."""
    filters = stream.get("/Filter")
    if isinstance(filters, pikepdf.Array):
        return [str(name) for name in filters]
    return [] if filters is None else [str(filters)]


def content_bytes(stream: Any) -> bytes:
    """A content stream's bytes; LimitError or ValueError where they are more than anybody draws."""
    names = filter_names(stream)
    raw: bytes = stream.read_raw_bytes()
    if names == ["/FlateDecode"] and "/DecodeParms" not in stream:
        return bounded_inflate(raw, _MOST_CONTENT)
    if names and len(raw) > 1 << 16:
        raise ValueError("content packed in an unusual way")
    return bytes(stream.read_bytes())


def bounded_inflate(data: bytes, most: int) -> bytes:
    """zlib data unpacked to at most `most` bytes; LimitError beyond. Stops short where it is cut off or damaged."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(data, most + 1)
    except zlib.error:
        unpacked = _inflate_what_is_whole(data, most + 1)
    if len(unpacked) > most:
        raise LimitError(f"A stream unpacks to more than the {most:,} bytes it should have. Fetch the file again.")
    return unpacked


def _inflate_what_is_whole(data: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj()
    out = bytearray()
    try:
        for start in range(0, len(data), 1024):
            out += unpacker.decompress(data[start : start + 1024], most - len(out))
            if len(out) >= most:
                break
    except zlib.error:
        pass
    return bytes(out)
