"""Redis, PostgreSQL, workers and beat, as on one machine: every process is its own and comes back when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from program import TinyEmbedder
from servers import PostgresServer, RedisServer

from infra.settings import Settings
from ingest.catalogue import Catalogue
from ingest.catalogue.queued import QueuedWork
from search.index.vector_index import IndexFilter
from workers.context import Context

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("program.py")
Words = dict[str, tuple[str, list[tuple[str, int, int, list[float]]]]]
"""File name -> page state, words as xywh, line, position, vector."""


class Service:
    """A process that is started again whenever it ends, as a container is."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._arguments, self._environment, self._log = arguments, dict(environment), log
        self._stopped = threading.Event()
        self.starts = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.is_set():
            with self._log.open("ab") as log:
                self.process = subprocess.Popen(
                    [sys.executable, str(PROGRAM), *self._arguments],
                    env=self._environment,
                    cwd=ROOT,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self.starts += 1
            self.process.wait()

    def kill(self) -> None:
        """The whole tree, as when the machine loses power."""
        with suppress(ProcessLookupError):
            if self.process is not None:
                os.killpg(self.process.pid, signal.SIGKILL)

    def stop(self) -> None:
        self._stopped.set()
        while self._thread.is_alive():
            self.kill()
            self._thread.join(0.2)


class Deployment:
    def __init__(self, folder: Path, redis: RedisServer, postgres: PostgresServer, files: Path) -> None:
        self.folder, self.redis, self.postgres = folder, redis, postgres
        self.traps = folder / "traps"
        self.traps.mkdir()
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "OMP_NUM_THREADS": "1",
            "TRAPS": str(self.traps),
            "MANUSPECT_HOME": str(folder / "home"),
            "MANUSPECT_DATABASE_URL": postgres.url,
            "MANUSPECT_BROKER_URL": redis.url,
            "MANUSPECT_FILES_URL": files.as_uri(),
            "MANUSPECT_MODEL": "tiny",
            "MANUSPECT_PAGE_TIMEOUT": "60",
            "MANUSPECT_RENEW_MINUTES": "0",
            "MANUSPECT_LOG_LEVEL": "debug",
            "MANUSPECT_INDEX_LOCK_TIMEOUT": "60",
        }
        self.settings = Settings(
            home=folder / "home",
            database_url=postgres.url,  # type: ignore[arg-type]
            broker_url=redis.url,  # type: ignore[arg-type]
            files_url=files.as_uri(),
            index_lock_timeout=60,
        )
        Catalogue(self.settings.catalogue_url).close()
        self.services: dict[str, Service] = {}

    def start(self, name: str, *arguments: str) -> Service:
        service = Service(["worker", *arguments], self.environment, self.folder / f"{name}.log")
        self.services[name] = service
        return service

    def stop(self) -> None:
        for service in self.services.values():
            service.stop()

    def command(self, *arguments: str, timeout: float = 400) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(PROGRAM), *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def trap(self, kind: str, stage: str, word: str) -> Path:
        trap = self.traps / f"{kind}-{stage}-{word}"
        trap.touch()
        return trap

    def logs(self) -> str:
        """The last lines of all, for a failed test."""
        return "\n".join(
            f"== {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-25:])
            for log in sorted(self.folder.glob("*.log"))
        )

    def wait_for(self, collection: str, timeout: float = 300) -> None:
        """Until every page of the collection is at rest and clean, and no input waits."""

        def done() -> bool:
            with Context(self.settings) as context:
                found = context.catalogue.collection(collection)
                if found is None:
                    return False
                [counts] = context.catalogue.status(found.id)
                queued = QueuedWork(context.catalogue).counts().inputs
                return not (queued or counts.by_state["waiting"] or counts.by_state["running"]) and counts.pages > 0

        until(done, timeout, self.logs)

    def state(self, collection: str) -> Words:
        """What is indexed, checked for vectors that are nobody's; read beside the worker that writes."""
        return state_of(self.settings, collection)


def state_of(settings: Settings, collection: str) -> Words:
    """What a collection holds; asserts that catalogue and index agree."""
    from workers.cleaning import tidy

    found: Words = {}
    with Context(settings, TinyEmbedder()) as context:
        record = context.catalogue.collection(collection)
        assert record is not None
        tidy(context)
        index = context.index(context.embedder.space)
        live: set[str] = set()
        for document in context.catalogue.documents(record.id):
            for page in context.catalogue.pages(document.id):
                words = context.catalogue.page_words(page.id)
                vectors = {
                    str(key): row for key, row in index.vectors(list(index.ids(IndexFilter(pages=(page.id,))))).items()
                }
                rows = [
                    (word.region.xywh, word.line, word.position, [round(float(x), 4) for x in vectors[word.id]])
                    for word in words
                ]
                found[Path(document.uri).name] = str(page.state), rows
                live.update(word.id for word in words)
        in_index = {str(key) for key in index.ids(IndexFilter(collections=(record.id,)))}
        assert in_index == live, f"{len(in_index - live)} orphan vectors, {len(live - in_index)} missing ones"
    return found


def until(done: Callable[[], bool], timeout: float, told: Callable[[], str]) -> None:
    deadline = time.monotonic() + timeout
    while not done():
        assert time.monotonic() < deadline, f"not done after {timeout:g} s\n{told()}"
        time.sleep(0.3)
