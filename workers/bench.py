"""Benchmark of the in-line pipeline: pace by stage, share of the model, overlap, flatness, memory.

Run by `make bench`. First the sample collection as it is, for the pace; then single documents of 10, 100 and 1,000
pages, every page one of ten strips cut from the sample, for what a page costs in a long document. What is compared is
of one run on one machine; it asserts nothing.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, pairwise
from pathlib import Path

from PIL import Image

from infra.logs import set_up_logs
from infra.settings import Settings, load_settings
from ingest.page_images import PageImageReader
from workers.bench_watch import PeakMemory
from workers.context import Context
from workers.pipeline import IngestRequest, ingest
from workers.report import POOL_STAGES, IngestReport

_SAMPLES = Path(__file__).parents[1] / "samples"
_SAMPLE = [str(_SAMPLES / name) for name in ("wrenhaven-letters.pdf", "marigold-log.tif", "commonplace/manifest.json")]
_STRIPS, _STRIPS_A_PAGE = 10, 5


@dataclass(frozen=True, slots=True)
class Measured:
    """One run."""

    name: str
    report: IngestReport
    processor_seconds: float
    """Of this process and its page processes together."""
    peak_bytes: int
    """Resident memory of the same, at most."""

    @property
    def pages(self) -> int:
        """Pages done."""
        return self.report.indexed + self.report.empty + self.report.failed


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="*", default=_SAMPLE, help="what to ingest; the sample unless given")
    parser.add_argument("--pages", type=int, nargs="*", default=[10, 100, 1000], help="lengths of the documents")
    arguments = parser.parse_args()
    own = {"database_url": None, "files_url": None, "qdrant_url": None, "broker_url": None}
    settings = load_settings().model_copy(update=own)
    set_up_logs(settings.model_copy(update={"log_level": "warning"}))
    with tempfile.TemporaryDirectory(prefix="manuspect-bench-") as folder, Context(settings) as loader:
        homes = Path(folder)
        embedder = loader.embedder  # loaded once, before any clock runs

        def run(name: str, inputs: list[str]) -> Measured:
            with Context(settings.model_copy(update={"home": homes / name}), embedder) as context:
                return measure(name, context, inputs)

        show(run("sample", arguments.inputs))
        strips = list(islice(cut_strips(settings.model_copy(update={"home": homes / "sample"})), _STRIPS))
        documents = {count: long_document(strips, count, homes) for count in arguments.pages}
        runs = [run(f"one document of {count}", [path]) for count, path in documents.items()]
    for measured in runs:
        show(measured)
    show_flatness(runs)


def measure(name: str, context: Context, inputs: list[str]) -> Measured:
    """Ingest into an empty home."""
    before = _processor_seconds()
    with PeakMemory() as memory:
        report = ingest(context, IngestRequest(tuple(inputs), "bench"))
    return Measured(name, report, _processor_seconds() - before, memory.peak)


def cut_strips(settings: Settings) -> Iterator[Image.Image]:
    """Strips of the pages of an ingested home, the whole width each and some lines high."""
    with Context(settings) as context:
        documents = [document.id for document in context.catalogue.documents()]
        for key in (key for document in documents for key in context.files.list(document)):
            page = Image.fromarray(PageImageReader(context.files, key).whole()).convert("L")
            height = page.height // _STRIPS_A_PAGE
            yield page.crop((0, height, page.width, 2 * height))


def long_document(strips: Sequence[Image.Image], count: int, folder: Path) -> str:
    """A PDF of so many pages, the strips in turn."""
    path = folder / f"{count}.pdf"
    first, *others = islice(cycle(strips), count)
    first.save(path, save_all=True, append_images=others)
    return str(path)


def show(measured: Measured) -> None:
    """One run's table."""
    report = measured.report
    slowest, seconds_alone = max(_paces(report).items(), key=lambda item: item[1])
    print(f"\n{measured.name}: {measured.pages} pages, {report.words} words, {report.processes} page processes")
    print(f"{'stage':10} {'busy s':>8} {'pages/s':>9} {'words/s':>9}")
    for stage, busy in sorted(report.stages.items(), key=lambda item: -item[1]):
        parallel = report.processes if stage in POOL_STAGES else 1
        seconds = max(busy / parallel, 1e-9)
        print(f"{stage:10} {busy:8.2f} {measured.pages / seconds:9.1f} {report.words / seconds:9.0f}")
    wall = report.seconds
    print(f"{'wall':10} {wall:8.2f} {measured.pages / wall:9.2f} {report.words / wall:9.0f}")
    print(f"share of wall time in the forward pass: {report.stages.get('embed', 0.0) / wall:.0%}")
    print(f"wall / slowest part ({slowest}): {wall / seconds_alone:.2f}")
    print(f"cores used: {measured.processor_seconds / wall:.2f}")
    print(f"peak memory: {measured.peak_bytes / (1 << 20):.0f} MiB", flush=True)


def show_flatness(runs: list[Measured]) -> None:
    """What a further page costs, from one length to the next: what starting costs cancels out."""
    further = []
    print()
    for shorter, longer in pairwise(runs):
        pages = longer.pages - shorter.pages
        wall = (longer.report.seconds - shorter.report.seconds) / pages
        processor = (longer.processor_seconds - shorter.processor_seconds) / pages
        further.append(processor)
        span = f"from {shorter.pages} to {longer.pages}"
        print(f"a further page, {span}: {processor:.3f} s of processor, {wall:.3f} s wall")
    if len(further) > 1:
        print(f"last / first, processor: {further[-1] / further[0]:.2f}")


def _paces(report: IngestReport) -> dict[str, float]:
    """Seconds that each part of the pipeline alone would take."""
    pool = sum(report.stages.get(stage, 0.0) for stage in POOL_STAGES) / max(1, report.processes)
    write = sum(report.stages.get(stage, 0.0) for stage in ("upsert", "record", "clean"))
    return {"page processes": pool, "embed": report.stages.get("embed", 0.0), "write": write}


def _processor_seconds() -> float:
    """Spent so far by this process and its children that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


if __name__ == "__main__":
    start = time.monotonic()
    main()
    print(f"\n{time.monotonic() - start:.0f} s in all")
