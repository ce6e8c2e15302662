"""A portal over small pages in a process of its own, and a browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))  # the small portal is also run as a program of its own

from small_portal import fill

from infra.settings import load_settings

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000
"""Milliseconds a browser waits for what must come: tests may share the machine with heavy work."""


@dataclass(frozen=True)
class Served:
    """A running portal."""

    url: str
    home: Path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(home: Path, port: int, log: Path, **environment: str) -> Iterator[Served]:
    """The small portal on that port, stopped at the end."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("MANUSPECT_", "STREAMLIT_"))}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(HERE / "small_portal.py"), str(home), str(port)],
            cwd=HERE.parents[1], env={**variables, **environment}, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}/healthz", process, log)
            yield Served(f"http://localhost:{port}", home)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the portal did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two small collections; not to be changed."""
    folder = tmp_path_factory.mktemp("portal")
    fill(load_settings(home=folder / "home", base_url="http://localhost:8501", processes=1), folder / "scans")
    return folder / "home"


@pytest.fixture(scope="session")
def portal(filled_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The portal over those collections."""
    with serving(filled_home, free_port(), tmp_path_factory.mktemp("log") / "portal.log") as served:
        yield served


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("Debian's chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def script_errors() -> Iterator[list[str]]:
    """Errors in the scripts of any page; there must be none."""
    errors: list[str] = []
    yield errors
    assert errors == []


@pytest.fixture
def visitor(browser: Browser, script_errors: list[str]) -> Iterator[Callable[[], Page]]:
    """Makes pages, each of a visitor of their own."""
    contexts: list[BrowserContext] = []

    def visit() -> Page:
        contexts.append(_context(browser))
        return _watched(contexts[-1].new_page(), script_errors)

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def reader(browser: Browser) -> Iterator[BrowserContext]:
    """One visitor for the tests that need no more, so that the browser's cache spares their time."""
    context = _context(browser)
    yield context
    context.close()


@pytest.fixture
def page(reader: BrowserContext, script_errors: list[str]) -> Iterator[Page]:
    page = _watched(reader.new_page(), script_errors)
    yield page
    page.close()


def _context(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    return context


def _watched(page: Page, errors: list[str]) -> Page:
    page.on("pageerror", lambda error: errors.append(str(error)))
    return page
