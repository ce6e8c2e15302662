"""Fetching from servers that may be slow, strict, broken or hostile."""

from __future__ import annotations

import atexit
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, NoReturn, Self

import httpx
import stamina

from infra.errors import CorruptError, FetchError, ForbiddenAddressError, InputError, NotFoundError, StorageError
from infra.http.addresses import PinnedBackend
from infra.http.body import copy_body
from infra.http.pace import Pace
from infra.http.retry import TRY_AGAIN, PassingError, backoff, parse_retry_after
from infra.http.transport import Transport
from infra.settings import Settings

MAX_REDIRECTS = 5
MAX_JSON_BYTES = 32 << 20
"""Largest JSON document, bytes: its objects take some twenty times that in memory."""
CONNECTIONS = 16


class HttpClient:
    """GET, with limits. Safe to share between threads; not across a fork (see `shared_client`).

    Refuses addresses that are not public, unless the settings allow them, at every hop of a redirect; asks a host no
    more often than `http_delay` allows; tries again on 408, 425, 429, 5xx and network errors, waiting `first_wait`
    seconds, then exponentially longer up to `longest_wait`, or as long as Retry-After says. A server that wants a
    longer pause than `longest_wait` is left alone. No proxies, no cookies; credentials in a URL go to that host alone.

    All methods raise InputError: NotFoundError (404, 410, no such host), ForbiddenAddressError, LimitError (too long),
    FetchError (everything else, after retries), CorruptError (not JSON, damaged packing); its `input` is the URL.
    """

    def __init__(self, settings: Settings, *, first_wait: float = 0.5, longest_wait: float = 60.0) -> None:
        self._settings = settings
        self._first_wait = first_wait
        self._longest_wait = longest_wait
        self._pace = Pace(settings.home / "pace", settings.http_delay)
        self._client = httpx.Client(
            transport=Transport(PinnedBackend(settings.http_allow_private, settings.http_timeout), CONNECTIONS),
            timeout=settings.http_timeout,
            headers={"User-Agent": settings.user_agent, "Accept-Encoding": "gzip"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
        )

    def get_json(self, url: str, max_bytes: int = MAX_JSON_BYTES) -> object:
        """The parsed JSON at `url`: dicts, lists, strings, numbers; nothing about its shape is promised."""
        body = io.BytesIO()
        self._fetch(url, body, max_bytes, "application/ld+json, application/json;q=0.9, */*;q=0.5")
        return parse_json(body.getvalue(), url)

    def get_bytes(self, url: str, max_bytes: int | None = None) -> bytes:
        """The bytes at `url`, at most `max_bytes` (`http_max_bytes` where not given)."""
        body = io.BytesIO()
        self._fetch(url, body, max_bytes or self._settings.http_max_bytes, "*/*")
        return body.getvalue()

    def download(self, url: str, path: Path, max_bytes: int | None = None) -> int:
        """Write the bytes at `url` to `path`, which appears only when complete; returns their number."""
        try:
            with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
                part = Path(file.name)
                try:
                    size = self._fetch(url, file, max_bytes or self._settings.http_max_bytes, "*/*")
                    file.flush()
                    part.replace(path)
                finally:
                    part.unlink(missing_ok=True)
                return size
        except OSError as error:
            raise StorageError(f"cannot write {path}: {error.strerror or error}") from error

    def close(self) -> None:
        """Close the connections. May be called twice."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _fetch(self, url: str, sink: IO[bytes], limit: int, accept: str) -> int:
        with _named(url):
            for attempt in stamina.retry_context(
                on=backoff,
                attempts=self._settings.http_retries + 1,
                timeout=None,
                wait_initial=self._first_wait,
                wait_max=self._longest_wait,
                wait_jitter=self._first_wait,
            ):
                with attempt:
                    sink.seek(0)
                    sink.truncate()
                    return self._try_once(url, sink, limit, accept)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _try_once(self, url: str, sink: IO[bytes], limit: int, accept: str) -> int:
        try:
            request: httpx.Request | None = self._client.build_request("GET", url, headers={"Accept": accept})
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise CorruptError(f"not a usable URL: {error}") from error
        for _ in range(MAX_REDIRECTS + 1):
            assert request is not None
            _check_scheme(request.url)
            self._pace.wait(request.url.host)
            try:
                response = self._client.send(request, stream=True)
                try:
                    if not response.has_redirect_location:
                        self._refuse_failure(response)
                        return copy_body(response, sink, limit)
                    request = response.next_request
                finally:
                    response.close()
            except httpx.TransportError as error:
                raise PassingError(f"{request.url.host if request else url}: {error}") from error
        raise FetchError(f"redirects more than {MAX_REDIRECTS} times")

    def _refuse_failure(self, response: httpx.Response) -> None:
        status = response.status_code
        if response.is_success:
            return
        if status in (404, 410):
            raise NotFoundError(f"the server has nothing there (HTTP {status})")
        if status in (401, 403):
            raise FetchError(f"the server refuses access or asks for a login (HTTP {status})", status=status)
        if status not in TRY_AGAIN:
            raise FetchError(f"the server answers HTTP {status}", status=status)
        wait = parse_retry_after(response.headers.get("retry-after"))
        if wait is not None:
            self._pace.postpone(response.url.host, wait)
            if wait > self._longest_wait:
                raise FetchError(f"the server is busy and asks to come back in {wait:.0f} s", status=status)
        passing = PassingError(f"the server answers HTTP {status}", status=status)
        passing.wait = wait
        raise passing


def parse_json(data: bytes, name: str) -> object:
    """JSON in UTF-8, UTF-16 or UTF-32; CorruptError, naming its origin, for anything else or nested without end."""
    try:
        parsed: object = json.loads(data, parse_constant=_refuse_constant)
        return parsed
    except RecursionError as error:
        raise CorruptError("the JSON is nested too deeply", input=name) from error
    except ValueError as error:
        what = "empty" if not data.strip() else "a web page" if data.lstrip()[:1] == b"<" else "not JSON"
        raise CorruptError(f"expected JSON, but it is {what} ({str(error)[:100]})", input=name) from error


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _check_scheme(url: httpx.URL) -> None:
    if url.scheme not in ("http", "https"):
        raise ForbiddenAddressError(f"only http and https addresses are fetched, not {url.scheme or 'relative'}:")
    if not url.host:
        raise CorruptError("not a usable URL: it names no server")


@contextmanager
def _named(url: str) -> Iterator[None]:
    """Put the URL, without its credentials, into errors."""
    try:
        yield
    except PassingError as error:
        raise FetchError(error.reason, input=_without_credentials(url), status=error.status) from error
    except InputError as error:
        raise error.at(input=_without_credentials(url)) from error.__cause__


def _without_credentials(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}" if separator else url


def shared_client(settings: Settings) -> HttpClient:
    """This process's client for these settings: one pool of connections for all sources."""
    return _client_of_process(settings, os.getpid())


@cache
def _client_of_process(settings: Settings, process: int) -> HttpClient:
    client = HttpClient(settings)
    atexit.register(client.close)
    return client
