"""HTTPS to a pinned address: the certificate is held against the name, never against the address."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.errors import FetchError
from infra.http import HttpClient
from infra.settings import Settings


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of archive.test and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "archive.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("archive.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "archive.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def named(server: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str | None]]:
    """The server speaks TLS, is trusted, and answers to any name under .test; yields the names asked for by SNI."""
    asked: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr("infra.http.transport._trusted", lambda: trusting)
    real = socket.getaddrinfo

    def to_loopback(host: str, *args: Any, **kwargs: Any) -> Any:
        return real("127.0.0.1" if host.endswith(".test") else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", to_loopback)
    yield asked


def test_certificate_and_sni_go_by_name(server: Any, named: list[str | None], settings: Settings) -> None:
    server.fallback = lambda handler: handler.reply(200, b"safe")
    port = server.server_address[1]
    with HttpClient(settings) as client:
        assert client.get_bytes(f"https://archive.test:{port}/a") == b"safe"
    assert named == ["archive.test"]
    assert server.headers[0]["Host"] == f"archive.test:{port}"


def test_a_certificate_of_another_name_is_refused(server: Any, named: list[str | None], settings: Settings) -> None:
    server.fallback = lambda handler: handler.reply(200, b"unsafe")
    impatient = settings.model_copy(update={"http_retries": 0})
    with HttpClient(impatient) as client:
        for host in ("other.test", "127.0.0.1"):
            with pytest.raises(FetchError, match=r"(?i)certificate"):
                client.get_bytes(f"https://{host}:{server.server_address[1]}/a")
    assert server.paths == []
