"""Runs that end badly, and the run after."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from tiny import State, state_of

from infra.settings import Settings

Scans = Callable[..., list[Path]]
TEXTS = ["alpha beta/gamma", "delta epsilon", "zeta/eta theta", "iota", "kappa lambda/mu"]


def start(home: Path, pause: float, *inputs: Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(tiny.__file__)), str(home), str(pause), *map(str, inputs)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors[-2000:]
    return out


@pytest.fixture
def undisturbed(tmp_path: Path, scans: Scans) -> State:
    folder = scans(*TEXTS)[0].parent
    finish(start(tmp_path / "calm", 0.0, folder))
    return state_of(Settings(home=tmp_path / "calm"))


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_again_and_again_the_next_run_ends_with_the_same(
    settings: Settings, scans: Scans, undisturbed: State, seed: int
) -> None:
    """Kill the whole process group at moments that differ: while starting, reading, embedding, writing."""
    folder = scans(*TEXTS)[0].parent
    moments = random.Random(seed)
    for _ in range(3):
        process = start(settings.home, 0.15, folder)
        assert process.stdout is not None
        for _ in range(moments.randint(0, 8)):  # lines of progress
            if not process.stdout.readline():
                break
        time.sleep(moments.uniform(0, 0.3))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    out = finish(start(settings.home, 0.0, folder))
    assert "failed 0" in out
    assert state_of(settings) == undisturbed


def test_an_interrupt_gives_pages_back_and_the_next_run_carries_on(
    settings: Settings, scans: Scans, undisturbed: State
) -> None:
    folder = scans(*TEXTS)[0].parent
    process = start(settings.home, 0.3, folder)
    assert process.stdout is not None
    while process.stdout.readline().strip() in {"0", ""}:
        pass
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0 and "KeyboardInterrupt" in errors
    from ingest.catalogue import Catalogue

    with Catalogue(settings.catalogue_url) as catalogue:
        [status] = catalogue.status()
        assert status.by_state["running"] == 0 and status.by_state["waiting"] > 0
        pages = [page for document in catalogue.documents() for page in catalogue.pages(document.id)]
        assert {page.attempts for page in pages} == {0}, "an interrupted attempt does not count"
    finish(start(settings.home, 0.0, folder))
    assert state_of(settings) == undisturbed


def test_two_runs_at_once_on_one_home_do_the_work_once(settings: Settings, scans: Scans, undisturbed: State) -> None:
    folder = scans(*TEXTS)[0].parent
    both = [start(settings.home, 0.05, folder) for _ in range(2)]
    outs = [finish(process) for process in both]
    indexed = [int(out.split("indexed ")[1].split()[0]) for out in outs]
    assert sum(indexed) == len(TEXTS)
    assert state_of(settings) == undisturbed
