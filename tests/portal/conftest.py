"""A portal over small pages in a process of its own, and a browser."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))  # the small portal is also run as a program of its own

from portal_server import PATIENCE, Served, free_port, serving
from small_portal import fill

from infra.settings import load_settings

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

_LOOPBACK = {"MANUSPECT_HTTP_ALLOW_PRIVATE": "true", "MANUSPECT_HTTP_DELAY": "0"}


@pytest.fixture(scope="session")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two small collections; not to be changed."""
    folder = tmp_path_factory.mktemp("portal")
    fill(load_settings(home=folder / "home", base_url="http://localhost:8501", processes=1), folder / "scans")
    return folder / "home"


@pytest.fixture(scope="session")
def portal(filled_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The portal over those collections."""
    log = tmp_path_factory.mktemp("log") / "portal.log"
    with serving(filled_home, free_port(), log, MANUSPECT_MAX_UPLOAD_MB="1", **_LOOPBACK) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with its module: while Playwright is open, no other test in this thread can run an event loop."""
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


@pytest.fixture(scope="module")
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
