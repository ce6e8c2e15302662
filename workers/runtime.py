"""What the tasks of one process share, opened on first use after the fork and closed at its end."""

from __future__ import annotations

from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING

import structlog
from celery import Celery

from infra.errors import BrokerError
from infra.logs import set_up_logs
from infra.settings import Settings
from workers.broker import Broker, Counters, Heartbeat, process_name
from workers.context import Context
from workers.persist import persist
from workers.report import Tally

if TYPE_CHECKING:
    from workers.embed_tasks import EmbedTasks
    from workers.page_tasks import PageTasks

log = structlog.get_logger(__name__)


class Runtime:
    """One a process that runs tasks."""

    def __init__(self, settings: Settings, role: str, context: Context | None = None) -> None:
        """`role`: the queue it works for, part of its name. `context`: one that is open already."""
        self.settings = settings
        self._role = role
        self._given = context
        self._lock = RLock()

    def open(self) -> None:
        """Begin: after the fork, before the first task."""
        self.name = process_name(self._role)
        set_up_logs(self.settings, worker=self.name)
        self.broker = Broker(self.settings)
        self.context = self._given or Context(self.settings)
        self.counters = Counters(self.broker)
        self._heartbeat = Heartbeat(self.broker, self.name, self.counters)

    def close(self) -> None:
        """End; to be called once no task runs."""
        if "_embedding" in self.__dict__:
            self.embedding.close()
        try:
            self.counters.send()
        except BrokerError as error:
            log.debug("the last counts are lost", reason=str(error))
        self._heartbeat.stop()
        self.broker.close()
        self.context.close()

    @cached_property
    def pages(self) -> PageTasks:
        """For the queue `cpu`."""
        from workers.page_tasks import PageTasks

        return PageTasks(self.context, self.name, self.counters.add)

    @property
    def embedding(self) -> EmbedTasks:
        """For the queue `gpu`; threads may ask at once."""
        with self._lock:
            return self._embedding

    @cached_property
    def _embedding(self) -> EmbedTasks:
        from workers.celery_app import longest_task
        from workers.embed_tasks import EmbedTasks

        return EmbedTasks(self.context, self.name, CountingTally(self.counters), longest_task(self.settings))

    def unqueue(self, page: str) -> None:
        """Its message could not be sent."""
        from ingest.catalogue.queued import QueuedWork

        persist(lambda: QueuedWork(self.context.catalogue).unqueue(page))

    def feed(self, app: Celery) -> None:
        """See `workers.feeder.feed`."""
        from workers.feeder import feed

        feed(app, self.broker, self.settings, self.context.catalogue, own_messages=1)

    def tick(self, app: Celery) -> None:
        """What beat asks for every few seconds."""
        from workers.schedules import send_due

        self.feed(app)
        send_due(app, self.broker, self.settings, self.context.catalogue)

    def run_schedule(self, name: str, period: int) -> None:
        """See `workers.schedules.run`."""
        from workers.schedules import run

        run(name, period, self.context, self.broker, self.name)


class CountingTally(Tally):
    """A tally that only passes on."""

    __slots__ = ("_counters",)

    def __init__(self, counters: Counters) -> None:
        super().__init__()
        self._counters = counters

    def add(self, **counts: int) -> None:
        """Count pages and words that are in the index."""
        for name, count in counts.items():
            self._counters.add("words:index" if name == "words" else "pages:index", count)

    def spend(self, stages: dict[str, float]) -> None:  # type: ignore[override]
        """Count busy seconds."""
        for name, seconds in stages.items():
            self._counters.add(f"seconds:{name}", seconds)
