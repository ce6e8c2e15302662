"""Benchmark of the queue, beside in-line runs over the same pages. Run by `make bench`; needs redis-server.

Pages a second and processor seconds a page, in line and on workers; the queue's own work per page; and the time from
the kill of a worker, with another started at once, until all that it held waits again or is done, and the new one has
work in hand. What is compared is of one run on one machine; it asserts nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from pydantic import SecretStr

from infra.logs import set_up_logs
from infra.settings import Settings, load_settings
from ingest.catalogue.queued import QueuedWork
from workers.bench import cut_strips, long_document
from workers.bench_deployment import kill, redis_server, wait_until, worker, workers
from workers.bench_watch import Pace
from workers.broker import Broker
from workers.celery_jobs import CeleryJobs
from workers.context import Context
from workers.pipeline import IngestRequest, ingest

_SAMPLE = str(Path(__file__).parents[1] / "samples/wrenhaven-letters.pdf")
_MESSAGES = 200
_KILLS = 3
"""Of each worker; what a kill costs depends on the moment."""


def main() -> None:
    """Print a line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="*", help="what to ingest; else one document of strips cut from the sample")
    parser.add_argument("--pages", type=int, default=150, help="length of that document")
    arguments = parser.parse_args()
    set_up_logs(load_settings(log_level="warning"))
    with tempfile.TemporaryDirectory(prefix="bench-workers-") as folder, ExitStack() as stack:
        top = Path(folder)
        inputs = tuple(str(Path(given).absolute()) for given in arguments.inputs) or (sample(top, arguments.pages),)
        broker_url = stack.enter_context(redis_server(top))
        paces: dict[str, Pace] = {}
        for count in (1, 2):
            paces[f"in line, {count}"] = in_line(load_settings(home=top / f"in-line-{count}", processes=count), inputs)
            settings = load_settings(home=top / f"queued-{count}", broker_url=SecretStr(f"{broker_url}/{count}"))
            paces[f"workers, {count}"] = queued(settings, inputs, count)
        for name, pace in paces.items():
            rate, spent = pace.pages_per_second, pace.processor_seconds_per_page
            print(f"{name} page processes: {rate:.2f} pages/s, {spent:.3f} processor seconds a page")
        for count in (1, 2):
            ratio = paces[f"workers, {count}"].pages_per_second / paces[f"in line, {count}"].pages_per_second
            print(f"workers / in line, {count} page processes: {ratio:.2f} of the pages/s")
        work = paces["in line, 1"].processor_seconds_per_page
        cost = queue_cost(load_settings(home=top / "messages", broker_url=SecretStr(f"{broker_url}/3")))
        print(f"the queue's own work: {1000 * cost:.1f} ms a page, {cost / work:.1%} of the page's work")
        for number, kind in enumerate(("cpu", "gpu") * _KILLS, start=4):
            settings = load_settings(home=top / f"killed-{number}", broker_url=SecretStr(f"{broker_url}/{number}"))
            released, at_work = recovery(settings, inputs, kind)
            print(
                f"kill -9 of the worker `{kind}`: all that it held waits again after {released:.1f} s, "
                f"another has work in hand after {at_work:.1f} s"
            )


def sample(folder: Path, count: int) -> str:
    """A document of so many small pages."""
    settings = load_settings(home=folder / "sample", broker_url=None)
    with Context(settings) as context:
        ingest(context, IngestRequest((_SAMPLE,), "bench"))
    return long_document(list(islice(cut_strips(settings), 10)), count, folder)


def in_line(settings: Settings, inputs: tuple[str, ...]) -> Pace:
    """Without the queue."""
    pace = Pace()
    with Context(settings.model_copy(update={"broker_url": None})) as context:
        ingest(context, IngestRequest(inputs, "bench"), pace)
    return pace


def queued(settings: Settings, inputs: tuple[str, ...], processes: int) -> Pace:
    """By workers that are ready."""
    pace = Pace()
    with workers(settings, processes), Context(settings) as context:
        CeleryJobs(context).ingest(IngestRequest(inputs, "bench"), pace)
    return pace


def recovery(settings: Settings, inputs: tuple[str, ...], kind: str) -> tuple[float, float]:
    """Seconds from kill -9 of the only worker of that kind, with another started at once.

    Until nothing is held by the dead, and until the new one has taken up work.
    """
    with workers(settings, 2) as processes, Context(settings) as context:
        CeleryJobs(context, wait=False).ingest(IngestRequest(inputs, "bench"))
        wait_until(lambda: _at_work(context, kind))
        kill(processes[kind])
        killed, dead = time.monotonic(), _at_work(context, kind)
        moments: dict[str, float] = {}

        def both() -> bool:
            holders = _at_work(context, kind)
            if not holders & dead:
                moments.setdefault("released", time.monotonic() - killed)
            if holders - dead:
                moments.setdefault("at work", time.monotonic() - killed)
            return len(moments) == 2

        with worker(settings, kind, 2 if kind == "cpu" else 0):
            wait_until(both)
        return moments["released"], moments["at work"]


def _at_work(context: Context, kind: str) -> set[str]:
    """Names of the processes of that kind that hold pages."""
    pages = [page for document in context.catalogue.documents() for page in context.catalogue.pages(document.id)]
    holders = {page.worker for page in pages if page.state == "running" and page.worker}
    return {name for name in holders if name.startswith(f"{kind}@")}


def queue_cost(settings: Settings) -> float:
    """Seconds of sending and taking the messages of one page, and of the catalogue's part in it."""
    from workers.celery_app import EMBED, PREPARE, make_app, send

    app, broker = make_app(settings), Broker(settings)
    with Context(settings) as context:
        queue, start = QueuedWork(context.catalogue), time.process_time()
        for number in range(_MESSAGES):
            page = f"page-{number}"
            send(app, PREPARE, page)
            send(app, EMBED, page, 1)
            queue.unqueue(page)
            queue.adopt(page, 1, "bench")
            queue.begin_embedding(page, 1)
        seconds = time.process_time() - start
    broker.redis.delete("cpu", "gpu")
    return seconds / _MESSAGES


if __name__ == "__main__":
    main()
