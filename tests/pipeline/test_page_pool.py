"""Processes that die, hang, or grow old."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.settings import Settings
from workers.page_pool import PagePool
from workers.page_process import Answer, ListTask, Refused, Task
from workers.page_work import Listing

Scans = Callable[..., list[Path]]


@pytest.fixture
def pool(settings: Settings) -> Iterator[PagePool]:
    pool = PagePool(settings, 1, tasks_per_process=3)
    yield pool
    pool.close()


def ask(pool: PagePool, task: Task) -> Answer:
    pool.submit(task)
    return answer_of(pool)


def answer_of(pool: PagePool) -> Answer:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for _, answer in pool.wait(1.0):
            return answer
    raise AssertionError("no answer")


def test_a_killed_process_loses_its_own_task_alone(pool: PagePool, scans: Scans) -> None:
    [path] = scans("alpha")
    assert isinstance(ask(pool, ListTask(str(path))), Listing)
    [pid] = pool.pids
    os.kill(pid, signal.SIGSTOP)
    pool.submit(ListTask(str(path)))
    assert pool.free == 0
    os.kill(pid, signal.SIGKILL)
    answer = answer_of(pool)
    assert isinstance(answer, Refused)
    assert answer.error == "WorkerLostError" and "SIGKILL" in answer.reason and not answer.final
    assert isinstance(ask(pool, ListTask(str(path))), Listing)


def test_a_process_that_died_idle_is_replaced(pool: PagePool, scans: Scans) -> None:
    [path] = scans("alpha")
    ask(pool, ListTask(str(path)))
    [pid] = pool.pids
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # with all its threads
    assert isinstance(ask(pool, ListTask(str(path))), Listing)


def test_a_task_that_takes_too_long_is_stopped(settings: Settings, scans: Scans) -> None:
    [path] = scans("alpha")
    pool = PagePool(settings.model_copy(update={"page_timeout": 8.0}), 1)
    try:
        assert isinstance(ask(pool, ListTask(str(path))), Listing)
        pool._settings = settings.model_copy(update={"page_timeout": 0.1})
        os.kill(pool.pids[0], signal.SIGSTOP)
        answer = ask(pool, ListTask(str(path)))
        assert isinstance(answer, Refused)
        assert answer.error == "LimitError" and "MANUSPECT_PAGE_TIMEOUT" in answer.reason and not answer.final
    finally:
        pool.close()


def test_processes_are_replaced_after_some_tasks(pool: PagePool, scans: Scans) -> None:
    [path] = scans("alpha")
    seen = []
    for _ in range(5):
        assert isinstance(ask(pool, ListTask(str(path))), Listing)
        seen += pool.pids
    assert len(set(seen[:3])) == 1 and len(set(seen)) == 2


def test_a_full_pool_takes_no_more(pool: PagePool, scans: Scans) -> None:
    [path] = scans("alpha")
    pool.submit(ListTask(str(path)))
    with pytest.raises(ValueError, match="free"):
        pool.submit(ListTask(str(path)))
    assert isinstance(answer_of(pool), Listing)
