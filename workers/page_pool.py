"""A pool of processes for pages that survives what pages do to processes.

Unlike `concurrent.futures`, a process that dies takes only its own task with it, a task that takes too long is stopped,
and processes are replaced after a number of tasks, so that what libraries leak stays bounded.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from infra.errors import LimitError, WorkerLostError
from infra.settings import Settings
from workers.page_process import Answer, ListTask, Refused, Task, refused, serve

_TASKS_PER_PROCESS = 400
"""A process is replaced after so many tasks."""
_LISTING_FACTOR = 4.0
"""Listing a document may take so many times as long as a page: a large file is read once for its digest."""
_CONTEXT = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    task: Task | None = None
    limit: float = 0.0
    """Seconds the task may take."""
    deadline: float = 0.0
    tasks_done: int = 0


class PagePool:
    """Runs tasks in `size` processes; hand out with `submit` while there are `free` ones, gather with `wait`."""

    def __init__(self, settings: Settings, size: int, *, tasks_per_process: int = _TASKS_PER_PROCESS) -> None:
        self._settings = settings
        self._tasks_per_process = tasks_per_process
        self.size = size
        self._workers: list[_Worker] = []

    @property
    def free(self) -> int:
        """Tasks that can be handed out now."""
        return self.size - sum(worker.task is not None for worker in self._workers)

    @property
    def pids(self) -> list[int]:
        """Process ids, of those working first."""
        ordered = sorted(self._workers, key=lambda worker: worker.task is None)
        return [worker.process.pid for worker in ordered if worker.process.pid is not None]

    def submit(self, task: Task) -> None:
        """Give the task to a free process, started where there is room for one more; ValueError where none is free."""
        index = next((i for i, worker in enumerate(self._workers) if worker.task is None), len(self._workers))
        if index == self.size:
            raise ValueError("no process is free")
        if index == len(self._workers):
            self._workers.append(self._start())
        if self._workers[index].tasks_done >= self._tasks_per_process or not self._workers[index].process.is_alive():
            self._replace(index)
        worker = self._workers[index]
        worker.limit = self._settings.page_timeout * (_LISTING_FACTOR if isinstance(task, ListTask) else 1.0)
        worker.task, worker.deadline = task, time.monotonic() + worker.limit
        with suppress(OSError):  # it died just now: `wait` will find that out
            worker.connection.send(task)

    def wait(self, timeout: float, also: Sequence[Connection] = ()) -> list[tuple[Task, Answer]]:
        """Answers that are in, after at most `timeout` seconds; sooner also when one of `also` is readable."""
        busy = [worker for worker in self._workers if worker.task is not None]
        timeout = min([timeout, *(worker.deadline - time.monotonic() for worker in busy)])
        ready = wait([*(worker.connection for worker in busy), *also], max(0.0, timeout))
        answers = []
        for index, worker in enumerate(self._workers):
            if worker.task is None:
                continue
            if worker.connection in ready or worker.connection.poll():
                answers.append((worker.task, self._receive(index)))
            elif time.monotonic() >= worker.deadline:
                answers.append((worker.task, self._stop_slow(index)))
        return answers

    def close(self) -> None:
        """End all processes at once; tasks under way are lost."""
        for worker in self._workers:
            worker.connection.close()
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.process.close()
        self._workers = []

    def _start(self) -> _Worker:
        ours, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=serve, args=(theirs, self._settings, os.getpid()), daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # until it can ignore Ctrl-C itself
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return _Worker(process, ours)

    def _receive(self, index: int) -> Answer:
        worker = self._workers[index]
        try:
            answer: Answer = worker.connection.recv()
        except (EOFError, OSError):
            return self._bury(index)
        worker.task = None
        worker.tasks_done += 1
        return answer

    def _bury(self, index: int) -> Refused:
        process = self._workers[index].process
        process.join()
        how = f"with exit status {process.exitcode}"
        if process.exitcode is not None and process.exitcode < 0:
            how = f"by {signal.Signals(-process.exitcode).name}"
            if process.exitcode == -signal.SIGKILL:
                how += ", as the system does when memory runs out"
        self._replace(index)
        return refused(WorkerLostError(f"The process working on it was ended {how}."))

    def _stop_slow(self, index: int) -> Refused:
        limit = self._workers[index].limit
        self._replace(index)
        slow = refused(LimitError(f"It took longer than {limit:g} seconds (MANUSPECT_PAGE_TIMEOUT)."))
        return Refused(slow.error, slow.reason, final=False)

    def _replace(self, index: int) -> None:
        worker = self._workers[index]
        worker.connection.close()
        worker.process.kill()
        worker.process.join()
        worker.process.close()
        self._workers[index] = self._start()
