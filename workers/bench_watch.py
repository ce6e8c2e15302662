"""What a run takes while it goes on: memory, processor time, pages a second."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from workers.report import Tally

_LOOK = 1.0
_TICKS = os.sysconf("SC_CLK_TCK")


class PeakMemory:
    """The most resident bytes of this process and its children, watched from a thread; Linux only."""

    def __enter__(self) -> PeakMemory:
        self.peak = 0
        """Bytes."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK):
            self.peak = max(self.peak, sum(_resident(process) for process in _tree(os.getpid())))


class Pace:
    """Follows a run from its first pages done to its last: what starting takes counts for neither pages nor time."""

    def __init__(self) -> None:
        self._first: tuple[int, float, float] | None = None
        self._last = (0, 0.0, 0.0)

    def __call__(self, tally: Tally) -> None:
        """Look; a pipeline's progress."""
        if tally.done > self._last[0]:
            spent = sum(_processor_seconds(process) for process in _tree(os.getpid()))
            self._last = tally.done, time.monotonic(), spent
            self._first = self._first or self._last

    @property
    def pages_per_second(self) -> float:
        """Between the first look and the last that saw more done."""
        pages, seconds, _ = self._between()
        return pages / seconds

    @property
    def processor_seconds_per_page(self) -> float:
        """Of this process and all below it."""
        pages, _, spent = self._between()
        return spent / pages

    def _between(self) -> tuple[int, float, float]:
        first, last = self._first or self._last, self._last
        if last[0] <= first[0]:
            raise ValueError("The run was too short to be followed; take more pages.")
        return last[0] - first[0], last[1] - first[1], last[2] - first[2]


def _tree(pid: int) -> Iterator[Path]:
    """A process and all below it, as folders of /proc."""
    waiting = [pid]
    while waiting:
        process = Path(f"/proc/{waiting.pop()}")
        try:
            for task in (process / "task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
        yield process


def _resident(process: Path) -> int:
    """Resident bytes, pages shared by several counted in parts."""
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _processor_seconds(process: Path) -> float:
    """Spent by the process and by those of its children that have ended."""
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / _TICKS
