"""What a run did: counted while it goes on, told at its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.catalogue.records import Failure

POOL_STAGES = ("list", "read", "store", "decode", "segment", "crop")
"""Stages done in the page processes, several at a time."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """The end of a run. Counts of this run alone; `failures` are all that its documents have."""

    documents: int
    """Listed, known ones included."""
    new: int
    """Pages found new, or changed."""
    unchanged: int
    """Pages known already."""
    removed: int
    """Pages that left their document."""
    indexed: int
    empty: int
    failed: int
    words: int
    seconds: float
    """Wall time."""
    stages: Mapping[str, float]
    """Stage -> busy seconds, summed over processes."""
    processes: int
    failures: tuple[Failure, ...]
    queued: bool = False
    """The work was handed to other machines and goes on there."""


def sum_reports(reports: Sequence[IngestReport]) -> IngestReport:
    """Several runs as one."""
    stages: dict[str, float] = {}
    for report in reports:
        for stage, seconds in report.stages.items():
            stages[stage] = stages.get(stage, 0.0) + seconds
    return IngestReport(
        documents=sum(report.documents for report in reports),
        new=sum(report.new for report in reports),
        unchanged=sum(report.unchanged for report in reports),
        removed=sum(report.removed for report in reports),
        indexed=sum(report.indexed for report in reports),
        empty=sum(report.empty for report in reports),
        failed=sum(report.failed for report in reports),
        words=sum(report.words for report in reports),
        seconds=sum(report.seconds for report in reports),
        stages=stages,
        processes=max((report.processes for report in reports), default=0),
        failures=tuple(failure for report in reports for failure in report.failures),
        queued=any(report.queued for report in reports),
    )


Progress = Callable[["Tally"], None]
"""Called now and then from the thread that runs the pipeline; must return soon."""


@dataclass(slots=True)
class Tally:
    """Counts that several threads add to."""

    documents: int = 0
    new: int = 0
    unchanged: int = 0
    removed: int = 0
    waiting: int = 0
    """Pages known to need work when the run began or was told of them."""
    indexed: int = 0
    empty: int = 0
    failed: int = 0
    words: int = 0
    stages: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def done(self) -> int:
        """Pages that need no more work."""
        return self.indexed + self.empty + self.failed

    def add(self, **counts: int) -> None:
        """Add to the counts of these names."""
        with self._lock:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)

    def spend(self, stages: Mapping[str, float]) -> None:
        """Add busy seconds."""
        with self._lock:
            for stage, seconds in stages.items():
                self.stages[stage] = self.stages.get(stage, 0.0) + seconds


def no_progress(_: Tally) -> None:
    """Tells nobody."""
