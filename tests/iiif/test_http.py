from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import (
    CorruptError,
    FetchError,
    ForbiddenAddressError,
    InputError,
    LimitError,
    NotFoundError,
    StorageError,
)
from infra.http import HttpClient, shared_client
from infra.http.addresses import is_public, resolve
from infra.http.client import parse_json
from infra.http.retry import parse_retry_after
from infra.settings import Settings


def always(status: int = 200, body: bytes = b"", **headers: str) -> Callable[[Any], None]:
    return lambda handler: handler.reply(status, body, **headers)


def in_turn(*answers: Callable[[Any], None]) -> Callable[[Any], None]:
    left = list(answers)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def test_fetches_bytes_json_and_files(server: Any, client: HttpClient, tmp_path: Path) -> None:
    server.routes["/a"] = always(body=b'{"a": [1, "\xc3\xa9"]}')
    assert client.get_bytes(f"{server.url}/a") == b'{"a": [1, "\xc3\xa9"]}'
    assert client.get_json(f"{server.url}/a") == {"a": [1, "é"]}
    assert client.download(f"{server.url}/a", tmp_path / "a.json") == 16
    assert (tmp_path / "a.json").read_bytes() == b'{"a": [1, "\xc3\xa9"]}'
    assert server.headers[0]["User-Agent"].startswith("Manuspect/")


def test_failed_download_leaves_nothing_behind(server: Any, client: HttpClient, tmp_path: Path) -> None:
    server.routes["/a"] = always(body=b"x" * 1000)
    with pytest.raises(LimitError):
        client.download(f"{server.url}/a", tmp_path / "a", max_bytes=999)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []
    with pytest.raises(StorageError, match="cannot write"):
        client.download(f"{server.url}/a", tmp_path / "missing" / "a")


@pytest.mark.parametrize("status", [404, 410])
def test_missing_is_not_found_and_not_tried_again(server: Any, client: HttpClient, status: int) -> None:
    server.routes["/a"] = always(status)
    with pytest.raises(NotFoundError, match=f"HTTP {status}") as caught:
        client.get_bytes(f"{server.url}/a")
    assert caught.value.input == f"{server.url}/a"
    assert len(server.paths) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_login_is_named(server: Any, client: HttpClient, status: int) -> None:
    server.routes["/a"] = always(status)
    with pytest.raises(FetchError, match="login") as caught:
        client.get_bytes(f"{server.url}/a")
    assert caught.value.status == status
    assert len(server.paths) == 1


def test_flapping_server_is_tried_again(server: Any, client: HttpClient) -> None:
    server.routes["/a"] = in_turn(always(503), always(500), always(body=b"here"))
    assert client.get_bytes(f"{server.url}/a") == b"here"
    assert len(server.paths) == 3


def test_waiting_is_logged_and_nothing_is_printed(
    server: Any, client: HttpClient, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "infra.http")
    server.routes["/a"] = in_turn(always(503), always())
    client.get_bytes(f"{server.url}/a")
    assert [record.name for record in caplog.records] == ["infra.http.retry"]
    assert "HTTP 503" in caplog.text
    assert capfd.readouterr().out == ""


def test_body_cut_short_is_fetched_again_from_the_start(server: Any, client: HttpClient) -> None:
    def cut(handler: Any) -> None:
        handler.reply(200, b"ha", Content_Length="6")
        handler.close_connection = True

    server.routes["/a"] = in_turn(cut, always(body=b"has it"))
    assert client.get_bytes(f"{server.url}/a") == b"has it"


def test_gives_up_after_the_retries(server: Any, client: HttpClient) -> None:
    server.routes["/a"] = always(502)
    with pytest.raises(FetchError, match="HTTP 502") as caught:
        client.get_bytes(f"{server.url}/a")
    assert type(caught.value) is FetchError
    assert len(server.paths) == 4


def test_refused_connection_is_a_fetch_error(client: HttpClient) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(FetchError):
        client.get_bytes(f"http://127.0.0.1:{port}/")


def test_waits_as_long_as_retry_after_says(server: Any, client: HttpClient) -> None:
    server.routes["/a"] = in_turn(always(429, Retry_After="1"), always(body=b"now"))
    start = time.monotonic()
    assert client.get_bytes(f"{server.url}/a") == b"now"
    assert time.monotonic() - start >= 0.9


def test_retry_after_holds_back_other_threads_too(server: Any, client: HttpClient) -> None:
    server.routes["/busy"] = in_turn(always(429, Retry_After="1"), always())
    server.routes["/b"] = always(body=b"b")
    first = threading.Thread(target=client.get_bytes, args=(f"{server.url}/busy",))
    first.start()
    while not server.paths:
        time.sleep(0.005)
    time.sleep(0.1)
    start = time.monotonic()
    client.get_bytes(f"{server.url}/b")
    assert time.monotonic() - start > 0.5
    first.join()


def test_too_long_a_pause_is_refused(server: Any, client: HttpClient) -> None:
    server.routes["/a"] = always(503, Retry_After="3600")
    with pytest.raises(FetchError, match="3600 s"):
        client.get_bytes(f"{server.url}/a")
    assert len(server.paths) == 1


def test_reads_retry_after() -> None:
    later = datetime.now(UTC) + timedelta(seconds=30)
    assert parse_retry_after("120") == 120
    assert 25 <= (parse_retry_after(format_datetime(later, usegmt=True)) or 0) <= 31
    assert parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT") == 0
    assert parse_retry_after("soon") is None
    assert parse_retry_after("") is None
    assert parse_retry_after(None) is None


@given(st.text())
def test_any_retry_after_is_a_number_or_none(value: str) -> None:
    wait = parse_retry_after(value)
    assert wait is None or wait >= 0


def test_announced_and_real_length_are_limited(server: Any, client: HttpClient) -> None:
    def without_length(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        for _ in range(1000):
            handler.wfile.write(b"x" * 1000)
        handler.close_connection = True

    server.routes["/announced"] = always(body=b"x" * 5000)
    server.routes["/streamed"] = without_length
    for path in ("announced", "streamed"):
        with pytest.raises(LimitError, match="limit"):
            client.get_bytes(f"{server.url}/{path}", max_bytes=4000)
    assert len(client.get_bytes(f"{server.url}/announced", max_bytes=5000)) == 5000


def test_packed_answers_are_unpacked_within_the_limit(server: Any, client: HttpClient) -> None:
    server.routes["/a"] = always(body=gzip.compress(b"manu" * 1000), Content_Encoding="gzip")
    server.routes["/bomb"] = always(body=gzip.compress(bytes(50 << 20)), Content_Encoding="gzip")
    server.routes["/damaged"] = always(body=b"\x1f\x8bnonsense", Content_Encoding="gzip")
    server.routes["/brotli"] = always(body=b"?", Content_Encoding="br")
    server.routes["/cut"] = always(body=gzip.compress(b"manu" * 1000)[:-9], Content_Encoding="gzip")
    assert client.get_bytes(f"{server.url}/a") == b"manu" * 1000
    with pytest.raises(LimitError):
        client.get_bytes(f"{server.url}/bomb", max_bytes=1 << 20)
    with pytest.raises(CorruptError, match="gzip"):
        client.get_bytes(f"{server.url}/damaged")
    with pytest.raises(FetchError, match="'br'"):
        client.get_bytes(f"{server.url}/brotli")
    with pytest.raises(FetchError, match="too soon"):
        client.get_bytes(f"{server.url}/cut")


def test_slow_and_trickling_servers_are_left(server: Any, settings: Settings) -> None:
    def silent(handler: Any) -> None:
        time.sleep(1.5)
        handler.reply()

    def trickle(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(60):
            handler.wfile.write(b"x")
            time.sleep(0.05)
        handler.close_connection = True

    server.routes["/silent"] = silent
    server.routes["/trickle"] = trickle
    impatient = settings.model_copy(update={"http_timeout": 0.3, "http_retries": 0})
    with HttpClient(impatient) as client:
        for path in ("silent", "trickle"):
            start = time.monotonic()
            with pytest.raises(FetchError):
                client.get_bytes(f"{server.url}/{path}")
            assert time.monotonic() - start < 1.2


def test_asks_one_host_no_more_often_than_the_delay(server: Any, settings: Settings) -> None:
    server.fallback = always(body=b"x")
    with HttpClient(settings.model_copy(update={"http_delay": 0.1})) as client:
        start = time.monotonic()
        threads = [threading.Thread(target=client.get_bytes, args=(f"{server.url}/{i}",)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert time.monotonic() - start >= 0.5
    assert len(server.paths) == 6


def test_two_clients_of_one_home_share_the_pace(server: Any, settings: Settings) -> None:
    server.fallback = always(body=b"x")
    polite = settings.model_copy(update={"http_delay": 0.2})
    with HttpClient(polite) as one, HttpClient(polite) as two:
        start = time.monotonic()
        for client in (one, two, one, two):
            client.get_bytes(f"{server.url}/x")
    assert time.monotonic() - start >= 0.6


def test_one_connection_serves_many_requests(server: Any, client: HttpClient) -> None:
    ports = []

    def note(handler: Any) -> None:
        ports.append(handler.client_address[1])
        handler.reply()

    server.fallback = note
    for _ in range(3):
        client.get_bytes(f"{server.url}/x")
    assert len(set(ports)) == 1


# Addresses


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "localhost",
        "localhost.",
        "a.LocalHost",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[fe80::1]",
        "[fc00::1]",
        "[2002:7f00:1::]",
        "[64:ff9b::7f00:1]",
    ],
)
def test_private_addresses_are_refused(settings: Settings, host: str) -> None:
    with (
        HttpClient(settings.model_copy(update={"http_allow_private": False})) as strict,
        pytest.raises(ForbiddenAddressError, match="private or reserved") as caught,
    ):
        strict.get_bytes(f"http://{host}:9/secret")
    assert caught.value.input == f"http://{host}:9/secret"


def test_octal_addresses_are_refused(settings: Settings) -> None:
    with pytest.raises(ForbiddenAddressError):
        resolve("0177.0.0.1", 80, allow_private=False)
    with HttpClient(settings) as client, pytest.raises(CorruptError, match="not a usable URL"):
        client.get_bytes("http://0177.0.0.1/")


def test_public_addresses_are_public() -> None:
    assert all(is_public(text) for text in ("8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"))


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_its_ipv6_form(address: Any) -> None:
    assert is_public(str(address)) == is_public(f"::ffff:{address}")
    assert is_public(f"64:ff9b::{address}") <= is_public(str(address))


def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_checked(
    server: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: a name that is public when checked and private afterwards never leads to the private address."""
    real = socket.getaddrinfo
    asked: list[str] = []

    def rebinding(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        asked.append(str(host))
        if host == "rebind.test":
            return real("93.184.216.34" if asked.count(host) == 1 else "127.0.0.1", port, *args, **kwargs)
        return real(host, port, *args, **kwargs)

    reached: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], *args: Any, **kwargs: Any) -> Any:
        reached.append(address)
        raise OSError("not in a test")

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", connect)
    once = settings.model_copy(update={"http_allow_private": False, "http_retries": 0})
    with HttpClient(once) as strict, pytest.raises(FetchError):
        strict.get_bytes("http://rebind.test:8080/")
    assert reached == [("93.184.216.34", 8080)]
    assert asked.count("rebind.test") == 1


def test_name_with_one_private_address_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def mixed(host: str, port: int, **kwargs: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", mixed)
    with (
        HttpClient(settings.model_copy(update={"http_allow_private": False})) as strict,
        pytest.raises(ForbiddenAddressError, match=r"10\.0\.0\.1"),
    ):
        strict.get_bytes("http://mixed.test/")


def test_every_hop_of_a_redirect_is_checked(server: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first host passes for public; it redirects to a private one."""
    monkeypatch.setattr("infra.http.addresses.is_public", lambda text: text == "127.0.0.1")
    server.routes["/a"] = always(302, Location="http://10.0.0.1/secret")
    server.routes["/file"] = always(302, Location="file:///etc/passwd")
    server.routes["/ok"] = always(body=b"public")
    with HttpClient(settings.model_copy(update={"http_allow_private": False})) as strict:
        assert strict.get_bytes(f"{server.url}/ok") == b"public"
        with pytest.raises(ForbiddenAddressError, match=r"10\.0\.0\.1") as caught:
            strict.get_bytes(f"{server.url}/a")
        assert caught.value.input == f"{server.url}/a"
        with pytest.raises(InputError):
            strict.get_bytes(f"{server.url}/file")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/a", "/etc/passwd", "data:,x", "http://", ""])
def test_only_http_is_fetched(client: HttpClient, url: str) -> None:
    with pytest.raises((ForbiddenAddressError, CorruptError)):
        client.get_bytes(url)


def test_any_text_as_url_gives_a_named_error(client: HttpClient) -> None:
    @given(st.text(max_size=60))
    def attempt(text: str) -> None:
        with pytest.raises(InputError):
            client.get_bytes("http://[" + text)

    attempt()


def test_redirects_are_few_and_keep_credentials_at_home(server: Any, client: HttpClient) -> None:
    server.routes["/loop"] = always(302, Location="/loop")
    server.routes["/here"] = always(302, Location="/there")
    server.routes["/there"] = always(body=b"there")
    server.routes["/away"] = always(302, Location=server.url.replace("127.0.0.1", "localhost") + "/there")
    with pytest.raises(FetchError, match="redirects"):
        client.get_bytes(f"{server.url}/loop")
    assert len(server.paths) == 6
    server.headers.clear()
    with_password = server.url.replace("//", "//me:secret@")
    assert client.get_bytes(f"{with_password}/here") == b"there"
    assert client.get_bytes(f"{with_password}/away") == b"there"
    assert ["Authorization" in headers for headers in server.headers] == [True, True, True, False]


def test_passwords_stay_out_of_messages(server: Any, client: HttpClient) -> None:
    with pytest.raises(NotFoundError) as caught:
        client.get_bytes(server.url.replace("//", "//me:secret@") + "/none")
    assert "secret" not in str(caught.value)


def test_cookies_are_not_kept(server: Any, client: HttpClient) -> None:
    server.routes["/a"] = always(Set_Cookie="track=me")
    client.get_bytes(f"{server.url}/a")
    client.get_bytes(f"{server.url}/a")
    assert "Cookie" not in server.headers[1]


# JSON


def test_what_is_not_json_is_named(server: Any, client: HttpClient) -> None:
    for body, words in ((b"<!doctype html>", "web page"), (b" ", "empty"), (b"{", "not JSON"), (b"[NaN]", "NaN")):
        server.routes["/a"] = always(body=body)
        with pytest.raises(CorruptError, match=words):
            client.get_json(f"{server.url}/a")
    with pytest.raises(CorruptError, match="nested too deeply"):
        parse_json(b"[" * 200_000, "deep")
    with pytest.raises(CorruptError):
        parse_json(b"[" + b"9" * 10_000 + b"]", "long")
    assert parse_json(json.dumps({"a": "é"}).encode("utf-16"), "wide") == {"a": "é"}
    assert parse_json(b"\xef\xbb\xbf[]", "marked") == []


def test_settings_share_one_client(settings: Settings) -> None:
    assert shared_client(settings) is shared_client(settings.model_copy())
    shared_client(settings).close()
