"""From key press to painted results: `python -m ui.portal.benchmark --home FOLDER [WORD...]`.

Opens the portal over a home that is already filled, for example by `python -m search.bench`, whose words are asked
where none are named, in Debian's chromium, and types word after word, each with Enter. A browser beside it has asked
them before, to leave out what has no hits. Prints one JSON object, times in milliseconds, each stage from the end of
the one before: `browser` from the key to the message to the server, `engine` and `script` until the hits are back,
`drawn` until they are in the page, `pictures` until every picture in sight is decoded; `painted` is the whole.
`server_cpu_ms`, the portal's processor time a query, holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import numpy as np

from infra.files import FileStore
from infra.settings import Settings, load_settings
from ingest.catalogue import Catalogue
from ingest.page_images import write_page_image
from search.bench.filling import Asked
from ui.service.benchmark import cpu_seconds, paper

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = "/usr/bin/chromium"
_ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-quic --no-first-run "
    "--disable-component-update --disable-sync"
)
_PORT = 8573
_ADDRESS = f"http://127.0.0.1:{_PORT}"
_PATIENCE = 180_000
"""Milliseconds: the first question waits for the model and the index."""
_TIMER = Path(__file__).with_suffix(".js")


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--least", type=int, default=25, help="Least confidence, percent.")
    parser.add_argument("--queries", type=int, default=50, help="Most words asked.")
    parser.add_argument("words", nargs="*")
    chosen = parser.parse_args(arguments)
    settings = load_settings(home=chosen.home)
    indexed = _give_pages_a_picture(settings)
    words = (chosen.words or Asked.read(chosen.home).words)[: chosen.queries + 1]
    with _serving(chosen.home) as server:
        print(json.dumps({"words_indexed": indexed, **_measure(words, chosen.least, server)}, indent=1))


@contextmanager
def _serving(home: Path) -> Iterator[int]:
    """The portal in a process of its own, whose id is given."""
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "ui.cli", "serve", "--port", str(_PORT)],
        env={**os.environ, "MANUSPECT_HOME": str(home)},
    )
    try:
        _wait()
        yield server.pid
    finally:
        server.terminate()
        server.wait()


def _give_pages_a_picture(settings: Settings) -> int:
    """Made-up pages name an image that nobody stored: store a sheet of paper there. Returns the words indexed."""
    files = FileStore(settings.files_root)
    with Catalogue(settings.catalogue_url) as catalogue:
        [document, *_] = catalogue.documents()
        [page, *_] = catalogue.pages(document.id)
        if page.image and page.width and page.height and not files.exists(page.image):
            write_page_image(files, page.image, paper(page.width, page.height))
        return sum(status.words for status in catalogue.status())


def _measure(words: Sequence[str], least: int, server: int) -> dict[str, object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS.split())
        found = _with_hits(browser, words, least)
        page = _new_page(browser)
        page.goto(f"{_ADDRESS}/?{urlencode({'min': least})}", wait_until="networkidle")
        _ask(page, found[0])  # loads the components
        before = cpu_seconds([server])
        times = [_ask(page, word) for word in found[1:]]
        spent = cpu_seconds([server]) - before
        browser.close()
    return {
        **{stage: _summary([time[stage] for time in times]) for stage in times[0]},
        "queries": len(times),
        "without_hits": len(words) - len(found),
        "server_cpu_ms": round(1000 * spent / len(times), 1),
    }


def _with_hits(browser: Browser, words: Sequence[str], least: int) -> list[str]:
    """Those words that have hits, in a browser whose kept pictures the measured one does not see."""
    page, found = _new_page(browser), list[str]()
    for word in words:
        page.goto(f"{_ADDRESS}/?{urlencode({'q': word, 'min': least})}")
        page.locator(".gallery-host .hit, .st-key-nothing").first.wait_for()
        if page.locator(".st-key-nothing").count() == 0:
            found.append(word)
    page.context.close()
    if len(found) < 2:
        raise SystemExit("Fewer than two of the words have hits; name others, or lower --least.")
    return found


def _new_page(browser: Browser) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(_PATIENCE)
    page.add_init_script(path=_TIMER)
    return page


def _ask(page: Page, word: str) -> dict[str, float]:
    """Milliseconds of each stage, and the pictures in sight."""
    page.locator(".stApp[data-test-script-state=notRunning]").wait_for()
    box = page.get_by_label("Find a word")
    box.fill(word)
    box.press("Enter")
    at: dict[str, float] = page.evaluate("() => window.asked")
    return {
        "browser": at["sent"],
        "engine": at["engine"],
        "script": at["received"] - at["sent"] - at["engine"],
        "drawn": at["drawn"] - at["received"],
        "pictures": at["painted"] - at["drawn"],
        "painted": at["painted"],
        "pictures_in_sight": at["pictures"],
    }


def _summary(milliseconds: list[float]) -> dict[str, float]:
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1)}


def _wait() -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{_PORT}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the portal did not start")


if __name__ == "__main__":
    main(sys.argv[1:])
