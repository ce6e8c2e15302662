"""Benchmark of the in-line pipeline: pace by stage, share of the model, overlap, flatness, memory.

Run by `make bench`. Everything is a ratio within one run, so that a busy machine changes less of it. It measures the
machine it runs on and asserts nothing.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from infra.settings import Settings, load_settings
from workers.context import Context
from workers.pipeline import IngestRequest, ingest
from workers.report import POOL_STAGES, IngestReport

_SAMPLES = Path(__file__).parents[1] / "samples"
_SAMPLE = [str(_SAMPLES / name) for name in ("wrenhaven-letters.pdf", "marigold-log.tif", "commonplace/manifest.json")]


@dataclass(frozen=True, slots=True)
class Measured:
    """One run."""

    name: str
    report: IngestReport
    peak_bytes: int
    """Resident memory of this process and its page processes together, at most."""

    @property
    def pages(self) -> int:
        """Pages done."""
        return self.report.indexed + self.report.empty + self.report.failed


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="*", default=_SAMPLE, help="what to ingest; the sample unless given")
    parser.add_argument("--pages", type=int, nargs="*", default=[10, 100], help="sizes of the bigger sets")
    arguments = parser.parse_args()
    settings = load_settings()
    with Context(settings) as loader:
        embedder = loader.embedder  # loaded once, before any clock runs
        with tempfile.TemporaryDirectory(prefix="manuspect-bench-") as folder:
            own = {"database_url": None, "files_url": None, "qdrant_url": None, "broker_url": None}
            place = Path(folder)

            def run(name: str, inputs: list[str]) -> Measured:
                home = settings.model_copy(update={**own, "home": place / name})
                with Context(home, embedder) as context:
                    return measure(name, context, inputs)

            sample = run("sample", arguments.inputs)
            show(sample)
            images = stored_pages(settings.model_copy(update={**own, "home": place / "sample"}))
            runs = [run(f"{count} pages", copies(images, place / f"set-{count}", count)) for count in arguments.pages]
    for measured in runs:
        show(measured)
    show_flatness(runs)


def measure(name: str, context: Context, inputs: list[str]) -> Measured:
    """Ingest into an empty home."""
    with _PeakMemory() as memory:
        report = ingest(context, IngestRequest(tuple(inputs), "bench"))
    return Measured(name, report, memory.peak)


def stored_pages(settings: Settings) -> list[Path]:
    """The page images of an ingested home."""
    with Context(settings) as context:
        return [context.files.local_path(key) for key in context.files.list()]


def copies(images: list[Path], folder: Path, count: int) -> list[str]:
    """So many pages, each another document: links to the images in turn."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:05}.tif").symlink_to(images[number % len(images)])
    return [str(folder)]


def show(measured: Measured) -> None:
    """One run's table."""
    report = measured.report
    slowest = max(_paces(report).items(), key=lambda item: item[1])
    print(f"\n{measured.name}: {measured.pages} pages, {report.words} words, {report.processes} page processes")
    print(f"{'stage':10} {'busy s':>8} {'pages/s':>9} {'words/s':>9}")
    for stage, busy in sorted(report.stages.items(), key=lambda item: -item[1]):
        parallel = report.processes if stage in POOL_STAGES else 1
        seconds = max(busy / parallel, 1e-9)
        print(f"{stage:10} {busy:8.2f} {measured.pages / seconds:9.1f} {report.words / seconds:9.0f}")
    print(
        f"{'wall':10} {report.seconds:8.2f} {measured.pages / report.seconds:9.2f} {report.words / report.seconds:9.0f}"
    )
    print(f"share of wall time in the forward pass: {report.stages.get('embed', 0.0) / report.seconds:.0%}")
    print(f"wall / slowest part ({slowest[0]}): {report.seconds / slowest[1]:.2f}")
    print(f"peak memory: {measured.peak_bytes / (1 << 20):.0f} MiB")


def show_flatness(runs: list[Measured]) -> None:
    """Cost of a page by size of the set."""
    print("\nseconds a page by size: " + ", ".join(f"{run.name} {run.report.seconds / run.pages:.3f}" for run in runs))
    if len(runs) > 1:
        first, last = (run.report.seconds / run.pages for run in (runs[0], runs[-1]))
        print(f"largest / smallest set: {last / first:.2f}")


def _paces(report: IngestReport) -> dict[str, float]:
    """Seconds that each part of the pipeline alone would take."""
    pool = sum(report.stages.get(stage, 0.0) for stage in POOL_STAGES) / max(1, report.processes)
    write = sum(report.stages.get(stage, 0.0) for stage in ("upsert", "record", "clean"))
    return {"page processes": pool, "embed": report.stages.get("embed", 0.0), "write": write}


class _PeakMemory:
    """Watches the resident memory of this process and its children."""

    def __enter__(self) -> _PeakMemory:
        self.peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            self.peak = max(self.peak, _resident(os.getpid()))


def _resident(pid: int) -> int:
    """Resident bytes of a process and all below it, shared pages counted once where the system tells; Linux only."""
    total = 0
    waiting = [pid]
    while waiting:
        process = Path(f"/proc/{waiting.pop()}")
        try:
            lines = (process / "smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
            for task in (process / "task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return total


if __name__ == "__main__":
    start = time.monotonic()
    main()
    print(f"\n{time.monotonic() - start:.0f} s in all")
