"""Redis and workers for a benchmark, each a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import redis

from infra.settings import Settings
from workers.broker import Broker

_PATIENCE = 600.0
_SETTLING = 13
"""Seconds after its start in which Redis is not believed about who is alive."""
T = TypeVar("T")
Process = subprocess.Popen[bytes]


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Its URL without the number of the database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        client = redis.Redis(port=port)
        wait_until(lambda: _answers(client))
        time.sleep(_SETTLING)
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


@contextmanager
def workers(settings: Settings, processes: int) -> Iterator[dict[str, Process]]:
    """By name one worker of each queue, and the beat; ready."""
    with ExitStack() as stack:
        concurrency = {"cpu": processes, "gpu": 0, "beat": 0}
        started = {kind: stack.enter_context(worker(settings, kind, many)) for kind, many in concurrency.items()}
        broker = Broker(settings)
        wait_until(lambda: set(concurrency) <= {name.split("@")[0] for name in broker.alive()})
        yield started


@contextmanager
def worker(settings: Settings, kind: str, concurrency: int) -> Iterator[Process]:
    """A worker in a process group of its own."""
    arguments = ["--beat"] if kind == "beat" else ["--queue", kind, "--concurrency", str(concurrency)]
    assert settings.broker_url is not None, "set by the caller"
    environment = {
        **os.environ,
        "MANUSPECT_HOME": str(settings.home),
        "MANUSPECT_BROKER_URL": settings.broker_url.get_secret_value(),
    }
    with (settings.home.parent / f"{kind}.log").open("ab") as log:
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
            kill(process)
            process.wait()


def kill(process: Process) -> None:
    """With all its children, at once."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def wait_until(look: Callable[[], T]) -> T:
    """The first true value of `look`."""
    deadline = time.monotonic() + _PATIENCE
    while not (value := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing happened for {_PATIENCE:g} s")
        time.sleep(0.1)
    return value


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.exceptions.ConnectionError:
        return False
