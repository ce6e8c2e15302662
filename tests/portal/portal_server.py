"""Running the small portal in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
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
            wait_until_healthy(f"http://127.0.0.1:{port}/healthz", process, log)
            yield Served(f"http://localhost:{port}", home)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers there; AssertionError, with its log's end, where it never does."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the portal did not start:\n{log.read_text()[-3000:]}")
