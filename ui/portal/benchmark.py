"""From key press to painted results: `python -m ui.portal.benchmark --home FOLDER WORD...`.

Opens the portal over a home that is already filled, for example by `python -m search.bench`, in Debian's chromium
and types every word, each with Enter, all of them twice; each must have a hit. Prints one JSON object, times in
milliseconds: `engine` inside the query engine, `page` until the hits are in the page, `painted` until every picture in
sight is decoded; and `server_cpu_ms`, the portal's processor time a query, which holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from infra.files import FileStore
from infra.settings import Settings, load_settings
from ingest.catalogue import Catalogue
from ingest.page_images import write_page_image
from ingest.sources.source import PageImage
from ui.service.benchmark import cpu_seconds

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = "/usr/bin/chromium"
_ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-quic --no-first-run "
    "--disable-component-update --disable-sync"
)
_PORT = 8573
_TIMER = """
() => {
  const roots = () => [...document.querySelectorAll("*")].map(element => element.shadowRoot).filter(Boolean);
  const host = () => roots().map(root => root.querySelector(".gallery-host")).find(Boolean);
  const inSight = image => {
    const box = image.getBoundingClientRect();
    return box.top < innerHeight && box.bottom > 0;
  };
  window.painted = (start) => new Promise(resolve => {
    let page = 0;
    const look = () => {
      const here = host(), images = here ? [...here.querySelectorAll("img")] : [];
      const isNew = images.length && here.firstElementChild !== window.lastGallery;
      if (isNew && !page) page = performance.now() - start;
      if (isNew && images.filter(inSight).every(image => image.complete && image.naturalWidth)) {
        window.lastGallery = here.firstElementChild;
        const painted = performance.now() - start;
        resolve({ page, painted, engine: Number(here.dataset.milliseconds), pictures: images.filter(inSight).length });
      } else requestAnimationFrame(look);
    };
    look();
  });
  addEventListener("keydown", event => {
    if (event.key === "Enter") window.result = window.painted(performance.now());
  }, { capture: true });
}
"""


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--least", type=int, default=25, help="Least confidence, percent.")
    parser.add_argument("words", nargs="+")
    chosen = parser.parse_args(arguments)
    settings = load_settings(home=chosen.home)
    indexed = _give_pages_a_picture(settings)
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "ui.cli", "serve", "--port", str(_PORT)],
        env={**os.environ, "MANUSPECT_HOME": str(chosen.home)},
    )
    try:
        _wait()
        print(json.dumps({"words_indexed": indexed, **_measure(chosen.words, chosen.least, server.pid)}, indent=1))
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
            rng = np.random.default_rng(0)
            paper = rng.integers(180, 240, (page.height, page.width, 3), np.uint8)
            write_page_image(files, page.image, PageImage(page.width, page.height, paper))
        return sum(status.words for status in catalogue.status())


def _measure(words: list[str], least: int, server: int) -> dict[str, object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS.split())
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"http://127.0.0.1:{_PORT}/?min={least}", wait_until="networkidle")
        page.evaluate(_TIMER)
        _ask(page, words[-1])  # loads the model and the components
        before = cpu_seconds([server])
        times = [_ask(page, word) for word in words * 2]
        spent = cpu_seconds([server]) - before
        browser.close()
    stages = ("engine", "page", "painted")
    return {stage: _summary([float(time[stage]) for time in times]) for stage in stages} | {
        "queries": len(times),
        "server_cpu_ms": round(1000 * spent / len(times), 1),
        "pictures_in_sight": round(float(np.mean([time["pictures"] for time in times])), 1),
    }


def _ask(page: Page, word: str) -> dict[str, float]:
    box = page.get_by_label("Find a word")
    box.fill(word)
    box.press("Enter")
    result: dict[str, float] = page.evaluate("() => window.result")
    return result


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
