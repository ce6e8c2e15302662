"""Which addresses may be reached, and connections that go nowhere else.

A name is resolved once, every address it has is checked, and the connection is made to a checked address: a name that
answers differently the second time (DNS rebinding) gains nothing. Host header, SNI and certificate keep the name.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable

import httpcore

from infra.errors import ForbiddenAddressError, NotFoundError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

SLOWEST = 16_384
"""Bytes a second an answer must bring on average once the first wait is over; a slower one is cut off."""
MOST_ADDRESSES = 4

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


def is_public(text: str) -> bool:
    """Whether an IP address, with or without a zone, is one of the public internet."""
    return all(address.is_global and not address.is_multicast for address in _meanings(ipaddress.ip_address(text)))


def _meanings(address: Address) -> Iterable[Address]:
    """The address, and the IPv4 addresses that an IPv6 one stands for (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    inner: list[Address] = [address]
    if address.sixtofour:
        inner.append(address.sixtofour)
    if address.teredo:
        inner.extend(address.teredo)
    if address in _NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return inner


def resolve(host: str, port: int, allow_private: bool) -> list[str]:
    """The IP addresses of a host, in the system's order.

    Also reads the decimal, octal and short forms of IPv4 addresses, as the system does. NotFoundError: no such host.
    ForbiddenAddressError: one of the addresses is not public, unless allowed. httpcore.ConnectError: the lookup failed.
    """
    name = host.rstrip(".").lower()
    if not allow_private and (name == "localhost" or name.endswith(".localhost")):
        raise _forbidden(host, "means this machine")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise httpcore.ConnectError(f"looking up {host} failed: {error.strerror}") from error
        raise NotFoundError(f"there is no server named {host}") from error
    except (UnicodeError, ValueError) as error:
        raise NotFoundError(f"{host!r} is not the name of a server") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    private = [address for address in addresses if not is_public(address)]
    if private and not allow_private:
        raise _forbidden(host, f"is {private[0]}")
    return addresses


def _forbidden(host: str, what: str) -> ForbiddenAddressError:
    return ForbiddenAddressError(
        f"{host} {what}, a private or reserved address; MANUSPECT_HTTP_ALLOW_PRIVATE=true allows it"
    )


class PinnedBackend(httpcore.NetworkBackend):
    """Connects only to checked addresses; reads no slower than `SLOWEST` after `patience` seconds."""

    def __init__(self, allow_private: bool, patience: float) -> None:
        self._allow_private = allow_private
        self._patience = patience
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first checked address that answers. Raises as `resolve`, or httpcore.ConnectError."""
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in resolve(host, port, self._allow_private)[:MOST_ADDRESSES]:
            try:
                stream = self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
                return _PatientStream(stream, self._patience)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _PatientStream(httpcore.NetworkStream):
    """A stream whose answer to one request may not trickle forever."""

    def __init__(self, stream: httpcore.NetworkStream, patience: float) -> None:
        self._stream = stream
        self._patience = patience
        self._asked = time.monotonic()
        self._received = 0

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)
        self._asked, self._received = time.monotonic(), 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._asked + self._patience + self._received / SLOWEST - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer comes too slowly")
        data = self._stream.read(max_bytes, min(left, timeout) if timeout else left)
        self._received += len(data)
        return data

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _PatientStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._patience)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
