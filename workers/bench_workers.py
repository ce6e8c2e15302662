"""`python -m workers.bench_workers`: what the queue costs, on the pages of a folder.

In-line runs and runs on one and two processes of the queue `cpu` over the same pages; the queue's own work per page;
and the time from the kill of a worker until all that it held is taken up again. Needs redis-server. Only ratios within
one run mean anything.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import redis
from pydantic import SecretStr

from infra.settings import Settings, load_settings
from ingest.catalogue.queued import QueuedWork
from workers.broker import Broker
from workers.celery_jobs import CeleryJobs
from workers.context import Context
from workers.pipeline import IngestRequest, ingest
from workers.report import IngestReport

_PATIENCE = 600.0
T = TypeVar("T")


def main() -> None:
    """Run all and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", help="Folders or files; some dozens of pages.")
    inputs = tuple(str(Path(given).absolute()) for given in parser.parse_args().inputs)
    with tempfile.TemporaryDirectory(prefix="bench-workers-") as folder, ExitStack() as stack:
        top = Path(folder)
        broker_url = stack.enter_context(_redis(top))
        result: dict[str, object] = {"pages": 0, "cores": os.cpu_count()}
        for count in (1, 2):
            settings = load_settings(home=top / f"inline{count}", processes=count)
            with Context(settings) as context:
                report = ingest(context, IngestRequest(inputs, "bench"))
            result["pages"] = report.indexed + report.empty
            result[f"inline_{count}_pages_per_second"] = _rate(report, report.seconds)
            result["page_seconds"] = round(sum(report.stages.values()) / max(1, report.indexed + report.empty), 4)
        for count in (1, 2):
            home = top / f"queued{count}"
            settings = load_settings(home=home, broker_url=SecretStr(f"{broker_url}/{count}"))
            with _workers(settings, count), Context(settings) as context:
                report = CeleryJobs(context).ingest(IngestRequest(inputs, "bench"))
                result[f"queued_{count}_pages_per_second"] = _rate(report, report.seconds)
        settings = load_settings(home=top / "killed", broker_url=SecretStr(f"{broker_url}/3"))
        result["recovery_seconds"] = _recovery(settings, inputs)
        result["queue_seconds_per_page"] = _queue_cost(settings)
        print(json.dumps(result))


def _rate(report: IngestReport, seconds: float) -> float:
    return round((report.indexed + report.empty) / seconds, 3)


def _recovery(settings: Settings, inputs: tuple[str, ...]) -> float:
    """Seconds from kill -9 of the only `cpu` worker, with another started at once, to the killed pages being done."""
    with _workers(settings, 2) as processes, Context(settings) as context:
        CeleryJobs(context, wait=False).ingest(IngestRequest(inputs, "bench"))
        held = _wait_until(lambda: _held(context))
        os.killpg(processes[0].pid, signal.SIGKILL)
        killed = time.monotonic()
        with _worker(settings, "cpu", 2):
            _wait_until(lambda: _released(context, held))
            seconds = time.monotonic() - killed
    return round(seconds, 2)


def _held(context: Context) -> dict[str, int]:
    """Page id -> claim of what the `cpu` worker has under way."""
    found = {}
    for document in context.catalogue.documents():
        for page in context.catalogue.pages(document.id):
            if page.state == "running" and page.worker is not None and page.worker.startswith("cpu@"):
                found[page.id] = page.claim
    return found


def _released(context: Context, held: dict[str, int]) -> bool:
    """Whether every page held then was taken up again, or is done."""
    pages = [context.catalogue.page(page) for page in held]
    return all(page is None or page.claim > held[page.id] or page.state in ("indexed", "empty") for page in pages)


def _queue_cost(settings: Settings) -> float:
    """Seconds of sending and taking the messages of one page, and of the catalogue's part in it, on an idle machine."""
    from workers.celery_app import EMBED, PREPARE, make_app, send

    app, broker = make_app(settings), Broker(settings)
    with Context(settings) as context:
        queued = QueuedWork(context.catalogue)
        rounds, start = 100, time.perf_counter()
        for number in range(rounds):
            send(app, PREPARE, f"page-{number}")
            send(app, EMBED, f"page-{number}", 1)
            queued.unqueue(f"page-{number}")
            queued.adopt(f"page-{number}", 1, "bench")
            queued.begin_embedding(f"page-{number}", 1)
        seconds = time.perf_counter() - start
    broker.redis.delete("cpu", "gpu")
    return round(seconds / rounds, 5)


@contextmanager
def _workers(settings: Settings, processes: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """One worker of each queue, and the beat; ready."""
    with ExitStack() as stack:
        started = [
            stack.enter_context(_worker(settings, "cpu", processes)),
            stack.enter_context(_worker(settings, "gpu", 0)),
            stack.enter_context(_worker(settings, "beat", 0)),
        ]
        broker = Broker(settings)
        _wait_until(lambda: {"cpu", "gpu", "beat"} <= {name.split("@")[0] for name in broker.alive()})
        yield started


@contextmanager
def _worker(settings: Settings, kind: str, concurrency: int) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process group of its own."""
    arguments = ["--beat"] if kind == "beat" else ["--queue", kind, "--concurrency", str(concurrency)]
    assert settings.broker_url is not None, "set by the caller"
    environment = {
        **os.environ,
        "MANUSPECT_HOME": str(settings.home),
        "MANUSPECT_BROKER_URL": settings.broker_url.get_secret_value(),
    }
    log = (settings.home.parent / f"{kind}.log").open("ab")
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "ui.cli", "worker", *arguments],
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        client = redis.Redis(port=port)
        _wait_until(lambda: _answers(client))
        time.sleep(13)  # so that signs of life count from the start
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.exceptions.ConnectionError:
        return False


def _wait_until(look: Callable[[], T]) -> T:
    """The first true value of `look`."""
    deadline = time.monotonic() + _PATIENCE
    while not (value := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing after {_PATIENCE:g} s, since {datetime.now(UTC)}")
        time.sleep(0.1)
    return value


if __name__ == "__main__":
    main()
