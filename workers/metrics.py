"""Numbers for Prometheus, read from the catalogue and the broker when they are asked for.

One place serves those of all workers: whatever dies, its counts are kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from infra.errors import ManuspectError
from infra.settings import Settings
from ingest.catalogue import Catalogue
from ingest.catalogue.schedules import Schedules
from workers.broker import QUEUES, Broker


class Numbers(Collector):
    """What is measured; a part that cannot be read is left out and `manuspect_up` of it is 0."""

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._broker = Broker(settings)
        self._catalogue = catalogue

    def collect(self) -> Iterable[Metric]:
        """All families."""
        up = GaugeMetricFamily("manuspect_up", "Whether a part answers.", labels=["part"])
        for part, read in (("broker", self._from_broker), ("catalogue", self._from_catalogue)):
            try:
                families = list(read())
                up.add_metric([part], 1)
                yield from families
            except ManuspectError:
                up.add_metric([part], 0)
        yield up

    def _from_broker(self) -> Iterator[Metric]:
        depth = GaugeMetricFamily("manuspect_queue_depth", "Messages that wait.", labels=["queue"])
        for queue in QUEUES:
            depth.add_metric([queue], self._broker.depth(queue))
        yield depth
        yield GaugeMetricFamily("manuspect_workers", "Processes alive.", value=len(self._broker.alive()))
        stages = {
            what: CounterMetricFamily(f"manuspect_stage_{what}", f"{told} by stage.", labels=["stage"])
            for what, told in (("seconds", "Busy seconds"), ("pages", "Pages done"), ("words", "Words done"))
        }
        for name, value in self._broker.counts().items():
            what, _, stage = name.partition(":")
            if what in stages:
                stages[what].add_metric([stage], value)
        yield from stages.values()

    def _from_catalogue(self) -> Iterator[Metric]:
        pages = GaugeMetricFamily("manuspect_pages", "Pages by state.", labels=["collection", "state"])
        words = GaugeMetricFamily("manuspect_words", "Words that are searched.", labels=["collection"])
        failed = GaugeMetricFamily("manuspect_failures", "Failed inputs and pages.", labels=["collection", "error"])
        for one in self._catalogue.status():
            words.add_metric([one.name], one.words)
            for state, count in one.by_state.items():
                pages.add_metric([one.name, state], count)
            reasons = [failure.error for failure in one.failures]
            for error in sorted(set(reasons)):
                failed.add_metric([one.name, error], reasons.count(error))
        yield from (pages, words, failed)
        last = GaugeMetricFamily("manuspect_schedule_age_seconds", "Since it last succeeded.", labels=["schedule"])
        for name, record in Schedules(self._catalogue).all().items():
            if record.succeeded is not None:
                last.add_metric([name], time.time() - record.succeeded.timestamp())
        yield last


@contextmanager
def serve_metrics(settings: Settings, catalogue: Catalogue) -> Iterator[int]:
    """Serve /metrics on the port of the settings; the port."""
    registry = CollectorRegistry()
    registry.register(Numbers(settings, catalogue))
    server, thread = start_http_server(settings.metrics_port, registry=registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
