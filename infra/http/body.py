"""Copies the body of an answer, never more than allowed, whatever the server says or packs into it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import IO

import httpx

from infra.errors import CorruptError, FetchError, LimitError

_CHUNK = 64 << 10


def copy_body(response: httpx.Response, sink: IO[bytes], limit: int) -> int:
    """Write the decoded body to `sink`; returns its length in bytes.

    LimitError: longer than `limit` bytes, announced, received or unpacked. CorruptError: packing that cannot be undone.
    FetchError: packed in a way nobody asked for. httpx.TransportError: the connection broke or brought too little.
    """
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise LimitError(f"the answer is {announced[:20]} bytes long, the limit is {limit}")
    written = 0
    for piece in _unpacked(response, limit):
        written += len(piece)
        if written > limit:
            raise LimitError(f"the answer is longer than the limit of {limit} bytes")
        sink.write(piece)
    return written


def _unpacked(response: httpx.Response, limit: int) -> Iterator[bytes]:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        yield from response.iter_raw(_CHUNK)
    elif encoding in ("gzip", "x-gzip"):
        yield from _gunzip(response.iter_raw(_CHUNK), limit)
    else:
        raise FetchError(f"the server packs its answer as {encoding[:40]!r}, which was not asked for")


def _gunzip(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Undo gzip in pieces of bounded size; counts what comes in as well, for packing that yields nothing."""
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    received = 0
    for chunk in chunks:
        received += len(chunk)
        if received > limit:
            raise LimitError(f"the packed answer is longer than the limit of {limit} bytes")
        while chunk and not unzip.eof:
            try:
                yield unzip.decompress(chunk, _CHUNK)
            except zlib.error as error:
                raise CorruptError(f"the server's gzip packing is damaged: {error}") from error
            chunk = unzip.unconsumed_tail
        if unzip.unused_data:
            raise CorruptError("the server's gzip packing holds more than one stream")
    if received and not unzip.eof:
        raise httpx.RemoteProtocolError("the packed answer ends too soon")
