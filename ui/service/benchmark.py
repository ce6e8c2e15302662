"""How many word crops a second the image service gives: `python -m ui.service.benchmark`.

One server process, as in the portal, then two on one socket, and clients in another process, which ask for random words
of a large page over kept-alive connections. Beside it, in the same run: the same crops read from the open page by
libvips alone in one thread, and read, scaled and encoded without a server. Prints one JSON object; `cpu_ms` is the
processor time of a crop, which holds on a machine that has other work too.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn

from infra.files import FileStore
from infra.settings import Settings, load_settings
from ingest.catalogue import Catalogue
from ingest.catalogue.database import Database
from ingest.catalogue.tables import PageRow
from ingest.geometry import Region
from ingest.page_images import PageImageReader, write_page_image
from ingest.sources.source import PageImage, PageRef, SourceInfo
from ui.service.app import create_app
from ui.service.image_request import ImageLimits, parse_image_request
from ui.service.page_reader import PageReader

PAGE = (6000, 8480)
"""Width, height of the page, pixels: A3 at 500 dpi."""
WORD = (280, 90)
SIZE = "!640,176"


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--connections", type=int, default=6)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        page = _make_page(settings)
        report: dict[str, object] = {"cores": os.cpu_count(), "connections": chosen.connections}
        report |= _bare(settings, chosen.seconds)
        for processes in (1, 2):
            with _serving(settings, processes) as (port, pids):
                before = cpu_seconds(pids)
                served = _measure(port, page, chosen.seconds, chosen.connections)
                spent = (cpu_seconds(pids) - before) / (served["crops_per_second"] * chosen.seconds)
                report[f"served_by_{processes}"] = served | {"cpu_ms": round(1000 * spent, 2)}
        print(json.dumps(report, indent=1))


def _bare(settings: Settings, seconds: float) -> dict[str, dict[str, float]]:
    """In one thread without a server: read by libvips; read, scaled and encoded."""
    files = FileStore(settings.files_root)
    image, reader = PageImageReader(files, "page.tif"), PageReader(files)

    def render(x: int, y: int) -> object:
        parts = f"{x},{y},{WORD[0]},{WORD[1]}", SIZE, "0", "default.jpg"
        return reader.render("page.tif", parse_image_request(*parts, page_size=PAGE, limits=ImageLimits()))

    return {
        "read_by_libvips": _rate(lambda x, y: image.crop(Region(x, y, *WORD)), seconds),
        "rendered": _rate(render, seconds),
    }


def _rate(work: Callable[[int, int], object], seconds: float) -> dict[str, float]:
    chance, done, before = random.Random(0), 0, time.process_time()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        work(*_place(chance))
        done += 1
    spent = (time.process_time() - before) / done
    return {"crops_per_second": round(done / seconds, 1), "cpu_ms": round(1000 * spent, 2)}


def cpu_seconds(pids: list[int]) -> float:
    """Processor time that these processes have used so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def _serving(settings: Settings, processes: int) -> Iterator[tuple[int, list[int]]]:
    """Servers that share one socket; gives its port, and the servers' process ids."""
    spawn = multiprocessing.get_context("spawn")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # asyncio sees to this where it makes the socket, as in the portal; else kept-alive answers wait 40 ms each.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        servers = [spawn.Process(target=_serve, args=(settings, listener), daemon=True) for _ in range(processes)]
        for server in servers:
            server.start()
        try:
            _wait(port := listener.getsockname()[1])
            yield port, [server.pid or 0 for server in servers]
        finally:
            for server in servers:
                server.terminate()
                server.join()


def _make_page(settings: Settings) -> str:
    """A catalogue with one page; returns its id."""
    write_page_image(FileStore(settings.files_root), "page.tif", paper(*PAGE))
    with Catalogue(settings.catalogue_url) as catalogue:
        collection = catalogue.add_collection("benchmark").id
        info = SourceInfo("/page.png", "image", "page", "digest")
        document = catalogue.list_document(collection, info, [PageRef(1, "1")], base_url=settings.base_url).document_id
        [record] = catalogue.pages(document)
    database = Database(settings.catalogue_url)
    with database.write() as session:
        session.get_one(PageRow, record.id).image = "page.tif"
    database.close()
    return record.id


def paper(width: int, height: int) -> PageImage:
    """A page of noise in several sizes, as hard to pack as paper is."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(90, 235, (height // 16, width // 16, 3), np.uint8)
    pixels = coarse.repeat(16, axis=0).repeat(16, axis=1)
    pixels = pixels + rng.integers(0, 20, (*pixels.shape[:2], 1), np.uint8)
    return PageImage(pixels.shape[1], pixels.shape[0], pixels)


def _serve(settings: Settings, listener: socket.socket) -> None:
    application = create_app(settings, lambda *_: (0, []))
    uvicorn.Server(uvicorn.Config(application, access_log=False, log_level="error")).run([listener])


def _measure(port: int, page: str, seconds: float, connections: int) -> dict[str, float]:
    times: list[float] = []
    end = time.monotonic() + seconds
    clients = [threading.Thread(target=_ask, args=(port, page, end, seed, times)) for seed in range(connections)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    p50, p95 = np.percentile(times, [50, 95]) * 1000
    return {
        "crops_per_second": round(len(times) / seconds, 1),
        "p50_ms": round(float(p50), 1),
        "p95_ms": round(float(p95), 1),
    }


def _ask(port: int, page: str, end: float, seed: int, times: list[float]) -> None:
    chance = random.Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while (start := time.monotonic()) < end:
        x, y = _place(chance)
        connection.request("GET", f"/iiif/image/{page}/{x},{y},{WORD[0]},{WORD[1]}/{SIZE}/0/default.jpg")
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the service answered {answer.status}")
        times.append(time.monotonic() - start)
    connection.close()


def _place(chance: random.Random) -> tuple[int, int]:
    return chance.randrange(PAGE[0] - 2 * WORD[0]), chance.randrange(PAGE[1] - 2 * WORD[1])


def _wait(port: int) -> None:
    """Until a server answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1:])
