"""The Celery tasks: each takes ids, calls one function, may run twice and may be killed anywhere."""

from __future__ import annotations

from typing import Any

import structlog
from celery import Celery

from infra.errors import BrokerError
from infra.settings import Settings
from workers.celery_app import EMBED, LIST, PREPARE, SCHEDULE, TICK, limits, send
from workers.runtime import Runtime

log = structlog.get_logger(__name__)


def register(app: Celery, settings: Settings, runtime: Runtime) -> None:
    """Teach the application its tasks; `runtime` is opened by the process that runs them, after its fork."""

    @app.task(name=LIST, **limits(settings, LIST))  # type: ignore[untyped-decorator]
    def list_document(key: str) -> None:
        """List the input of that id, and have its pages sent."""
        if runtime.pages.list_document(key) is not None:
            _try(lambda: runtime.feed(app))

    @app.task(name=PREPARE, **limits(settings, PREPARE))  # type: ignore[untyped-decorator]
    def prepare_page(page: str) -> None:
        """Convert and segment the page of that id, then send it on to the model."""
        claim = runtime.pages.prepare_page(page)
        if claim is None:
            return
        try:
            send(app, EMBED, page, claim)
        except BrokerError as error:  # the page is in the catalogue, and is sent when the broker takes messages again
            log.warning("page waits to be sent", page=page, reason=str(error))
            runtime.unqueue(page)

    @app.task(name=EMBED)  # type: ignore[untyped-decorator]
    def embed_page(page: str, claim: int) -> None:
        """Embed the words of the page of that id, drafted by that claim."""
        runtime.embedding.embed_page(page, claim)

    @app.task(name=TICK, acks_late=False)  # type: ignore[untyped-decorator]
    def tick() -> None:
        """Fill the queues, take back what was lost, send the schedules that are due."""
        runtime.tick(app)

    @app.task(name=SCHEDULE, acks_late=False, soft_time_limit=None, time_limit=None)  # type: ignore[untyped-decorator]
    def run_schedule(name: str, period: int) -> None:
        """Run the schedule of that name for that period, unless somebody does, or did."""
        runtime.run_schedule(name, period)


def _try(call: Any) -> None:
    try:
        call()
    except BrokerError as error:
        log.warning("nothing more is sent for now", reason=str(error))
