"""Adaptation as it is: learning, verdict, index and search, in line and by a worker with a real Redis."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import learning
import numpy as np
import pytest
from servers import RedisServer, redis_servers

from infra.settings import Settings
from ingest.catalogue.states import AdaptationState
from search.embedding import load_embedder
from search.engine.find import find
from search.engine.query import Query
from ui.asking import open_engine
from workers.adapt import adapt_collection, back
from workers.adapt_options import AdaptOptions
from workers.context import Context
from workers.pipeline import IngestRequest, ingest

pytestmark = pytest.mark.timeout(300)
ROOT, PROGRAM = Path(__file__).parents[2], Path(__file__).with_name("program.py")
OPTIONS = AdaptOptions(words=learning.TEXTS, minutes=5.0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", processes=1)


@pytest.fixture
def context(settings: Settings, tmp_path: Path) -> Iterator[Context]:
    with Context(settings, load_embedder(settings)) as context:
        ingest(context, IngestRequest((str(learning.write_letters(tmp_path / "letters")),), "letters"))
        yield context


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("adapt.LEAST_WORDS", "adapt._ROUNDS", "proxy.LEAST_QUERIES", "proxy._objection"):
        monkeypatch.setattr(f"search.adaptation.{name}", None)  # so that all are put back afterwards
    monkeypatch.setattr("workers.adapt.AdaptConfig", None)
    learning.hurry()


def spread(context: Context) -> float:
    """Mean over the words of how alike the four that say it are to what is asked, less all others."""
    gaps = []
    for text in learning.TEXTS[:8]:
        found = find(open_engine(context), Query(text, limit=200)).hits
        scores = np.array(sorted((hit.score for hit in found), reverse=True))
        gaps.append(scores[:4].mean() - scores[4:].mean())
    return float(np.mean(gaps))


@pytest.mark.usefixtures("hurry")
def test_a_collection_is_learned_and_unlearned(context: Context) -> None:
    letters = context.catalogue.collection("letters")
    assert letters is not None
    before = spread(context)
    record = adapt_collection(context, letters.id, OPTIONS)
    assert record.state == AdaptationState.LIVE, record.reason
    assert record.report["seen"] > 0
    assert record.report["verdict"]["queries"] > 0
    assert spread(context) != pytest.approx(before, abs=1e-4), "another model answers"
    assert spread(context) > before - 0.05, "as well as the other"
    assert back(context, letters.id)
    assert spread(context) == pytest.approx(before, abs=1e-6)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """One of its own, in which no other worker is at work."""
    yield from redis_servers()


@pytest.fixture
def environment(tmp_path: Path, settings: Settings, redis: RedisServer) -> dict[str, str]:
    (tmp_path / "traps").mkdir()
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "OMP_NUM_THREADS": "1",
        "TRAPS": str(tmp_path / "traps"),
        "MANUSPECT_HOME": str(settings.home),
        "MANUSPECT_MODEL": settings.model,
        "MANUSPECT_BROKER_URL": redis.url,
        "MANUSPECT_INDEX_LOCK_TIMEOUT": "60",
    }


@pytest.fixture
def workers(environment: dict[str, str], tmp_path: Path) -> Iterator[Path]:
    """One for the queue of the models, and the clock. Their log."""
    path = tmp_path / "workers.log"
    with path.open("wb") as log:
        commands = [["worker", "--queue", "gpu", "--concurrency", "1"], ["worker", "--beat"]]
        running = [
            subprocess.Popen(
                [sys.executable, str(PROGRAM), *command], env=environment, cwd=ROOT, stdout=log, stderr=log
            )
            for command in commands
        ]
        yield path
        for process in running:
            process.terminate()
        for process in running:
            process.wait(30)


def test_a_worker_learns_and_the_command_tells_how_it_ended(
    settings: Settings, tmp_path: Path, environment: dict[str, str], request: pytest.FixtureRequest
) -> None:
    with Context(settings, load_embedder(settings)) as context:
        ingest(context, IngestRequest((str(learning.write_letters(tmp_path / "letters")),), "letters"))
    log = request.getfixturevalue("workers")
    (tmp_path / "words.txt").write_text("\n".join(learning.TEXTS))
    command = ["adapt", "--collection", "letters", "--words", str(tmp_path / "words.txt"), "--minutes", "5", "--json"]
    told = subprocess.run(
        [sys.executable, str(PROGRAM), *command],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr + log.read_text(errors="replace")
    record = json.loads(told.stdout)
    assert (record["collection"], record["state"]) == ("letters", "live"), record
    with Context(settings, load_embedder(settings)) as context:
        assert len(context.versions.answering()) == 1
