"""What commands print: JSON or a few readable lines on stdout, progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from ingest.catalogue.records import Failure
    from workers.report import IngestReport, Tally
    from workers.report import Progress as Report


def print_json(value: Mapping[str, Any]) -> None:
    """One object, on one line of stdout."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


@contextmanager
def page_progress(what: str) -> Iterator[Report]:
    """A bar on stderr that follows a run, where stderr is a terminal; elsewhere nothing but the logs is written."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("pages, {task.fields[words]} words"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=None, words=0)

        def follow(tally: Tally) -> None:
            total = max(tally.waiting, tally.done) or None
            bar.update(task, total=total, completed=tally.done, words=tally.words)

        yield follow


def ingest_json(report: IngestReport) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "documents": report.documents,
        "new": report.new,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "indexed": report.indexed,
        "empty": report.empty,
        "failed": report.failed,
        "words": report.words,
        "seconds": round(report.seconds, 3),
        "stages": {stage: round(seconds, 3) for stage, seconds in report.stages.items()},
        "queued": report.queued,
        "failures": [failure_json(failure) for failure in report.failures],
    }


def print_ingest(report: IngestReport) -> None:
    """The report in a few lines; failures go to stderr."""
    if report.queued:
        print(f"{report.documents} documents queued. `manuspect status` shows how far they are.")
        return
    pages = report.indexed + report.empty + report.failed
    print(
        f"{pages} pages done in {report.seconds:.1f} s: {report.indexed} indexed with {report.words} words, "
        f"{report.empty} empty, {report.failed} failed; {report.unchanged} were known already."
    )
    print_failures(report.failures, sys.stderr)


def print_failures(failures: tuple[Failure, ...], to: TextIO) -> None:
    """Every failed input, a line each."""
    for failure in failures:
        where = failure.input if failure.page is None else f"{failure.input}, page {failure.page}"
        tried = f" (tried {failure.attempts} times, last by {failure.worker})" if (failure.attempts or 0) > 1 else ""
        print(f"failed: {where}: {failure.error}: {failure.reason}{tried}", file=to)
    if failures:
        print("`manuspect retry` tries them again.", file=to)


def failure_json(failure: Failure) -> dict[str, Any]:
    """A failure as plain values."""
    return {
        "input": failure.input,
        "page": failure.page,
        "error": failure.error,
        "reason": failure.reason,
        "attempts": failure.attempts,
        "worker": failure.worker,
    }
