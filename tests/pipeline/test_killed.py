"""Runs that end badly, and the run after."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny
from tiny import State, state_of, write_page

from infra.settings import Settings

TEXTS = ["alpha beta/gamma", "delta epsilon", "zeta/eta theta", "iota", "kappa lambda/mu"]


def start(home: Path, pause: float, *inputs: Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(tiny.__file__)), str(home), str(pause), *map(str, inputs)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, errors = process.communicate(timeout=280)
    assert process.returncode == 0, errors[-2000:]
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    for number, text in enumerate(TEXTS):
        write_page(folder / f"{number}.png", text)
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> State:
    home = tmp_path_factory.mktemp("calm") / "home"
    finish(start(home, 0.0, folder))
    return state_of(Settings(home=home))


def test_killed_again_and_again_the_next_run_ends_with_the_same(
    settings: Settings, folder: Path, undisturbed: State
) -> None:
    """Kill the whole process group at moments that differ: while starting, reading, embedding, writing."""
    moments = random.Random(1)
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
    settings: Settings, folder: Path, undisturbed: State
) -> None:
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


def test_two_runs_at_once_on_one_home_do_the_work_once(settings: Settings, folder: Path, undisturbed: State) -> None:
    both = [start(settings.home, 0.05, folder) for _ in range(2)]
    outs = [finish(process) for process in both]
    indexed = [int(out.splitlines()[-1].split()[1]) for out in outs]
    assert sum(indexed) == len(TEXTS)
    assert state_of(settings) == undisturbed
