from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the helpers below are also run as programs of their own

from deployment import Deployment, Words, state_of
from program import TinyEmbedder
from scans import write_scans
from servers import PostgresServer, RedisServer, postgres_servers, redis_servers

from infra.settings import Settings
from workers.context import Context
from workers.pipeline import IngestRequest, ingest


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    yield from redis_servers()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    yield from postgres_servers()


@pytest.fixture(scope="session")
def small_disk() -> Iterator[Path]:
    """A folder that a few megabytes fill, where that can be had; else one like any other."""
    folder = Path(tempfile.mkdtemp(prefix="workers-files-"))
    mounted = os.getuid() == 0 and _mount(folder)
    yield folder
    if mounted:
        subprocess.run(["umount", "-l", folder], check=True)
    shutil.rmtree(folder, ignore_errors=True)


def _mount(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0


@pytest.fixture(scope="session")
def deployment(redis_server: RedisServer, postgres_server: PostgresServer, small_disk: Path) -> Iterator[Deployment]:
    """One for all tests; each has its collection."""
    folder = Path(tempfile.mkdtemp(prefix="workers-"))
    made = Deployment(folder, redis_server, postgres_server, small_disk)
    try:
        made.start("cpu", "--queue", "cpu", "--concurrency", "2")
        made.start("gpu", "--queue", "gpu", "--concurrency", "4")
        made.start("beat", "--beat")
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder of small pages, one of them without writing."""
    return write_scans(tmp_path / "scans")


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Words:
    """What an in-line run that nothing happened to makes of the same pages."""
    folder = tmp_path_factory.mktemp("undisturbed")
    settings = Settings(home=folder / "home", processes=1)
    with Context(settings, TinyEmbedder()) as context:
        report = ingest(context, IngestRequest((str(write_scans(folder / "scans")),), "notes"))
    assert (report.indexed, report.empty, report.failed) == (5, 1, 0)
    return state_of(settings, "notes")
