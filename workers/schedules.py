"""Work that recurs: what it is, when it is due, and the dated lease under which it runs.

Time is counted in periods of a schedule's interval since 1970. A schedule is due until the present period has
succeeded, so a run that was missed, or failed, or died, is caught up by the next look, once, however many periods went
by.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from celery import Celery

from infra.errors import ManuspectError
from infra.settings import Settings
from ingest.catalogue import Catalogue
from ingest.catalogue.queued import QueuedWork
from ingest.catalogue.schedules import Schedules, Watch
from workers.broker import CPU, GPU, Broker
from workers.celery_app import SCHEDULE, send
from workers.context import Context
from workers.persist import persist

log = structlog.get_logger(__name__)

_SEND_AGAIN = 120
"""Seconds after which a schedule that was sent and did not begin is sent again."""
_BATCH = 200
_LEFT_BEHIND = 86_400.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """One kind of recurring work."""

    queue: str
    """Whose workers can do it."""
    seconds: Callable[[Settings], float]
    """The interval; 0: never."""
    work: Callable[[Context], None]


def send_due(app: Celery, broker: Broker, settings: Settings, catalogue: Catalogue) -> list[str]:
    """Send what is due and not under way; the names. Raises BrokerError, CatalogueError."""
    records = Schedules(catalogue).all()
    sent = []
    for name, schedule in SCHEDULES.items():
        if (period := present_period(schedule, settings)) is None:
            continue
        record = records.get(name)
        if record is not None and (record.done >= period or _is_running(record.holder, broker)):
            continue
        if broker.once(f"{name}:{period}", _SEND_AGAIN):
            send(app, SCHEDULE, name, period, queue=schedule.queue, expires=_SEND_AGAIN)
            sent.append(name)
    return sent


def present_period(schedule: Schedule, settings: Settings) -> int | None:
    """Number of the period we are in; None for a schedule that is switched off."""
    interval = schedule.seconds(settings)
    return int(time.time() // interval) if interval > 0 else None


def run(name: str, period: int, context: Context, broker: Broker, worker: str) -> bool:
    """Run a schedule under its lease; errors are recorded, not raised. False where it is done, or runs elsewhere."""
    schedules = Schedules(context.catalogue)
    if not persist(lambda: schedules.begin(name, period, worker, broker.is_alive)):
        return False
    error = None
    try:
        SCHEDULES[name].work(context)
    except ManuspectError as failure:
        error = str(failure)
    except Exception as failure:
        error = f"{type(failure).__name__}: {failure}"
        log.exception("schedule failed", schedule=name)
    persist(lambda: schedules.end(name, period, worker, error))
    log.info("schedule ended", schedule=name, period=period, error=error)
    return True


def look(context: Context) -> None:
    """Look through every watched place; what is found is listed again, and only what changed is worked on.

    One place that fails keeps no other from being looked at; the error is kept with it.
    """
    schedules, queued = Schedules(context.catalogue), QueuedWork(context.catalogue)
    for watch in schedules.watches():
        error = None
        try:
            _look_at(context, queued, watch)
        except ManuspectError as failure:
            error = str(failure)
        schedules.looked(watch.id, error)


def _look_at(context: Context, queued: QueuedWork, watch: Watch) -> None:
    from ingest.sources import expand_inputs

    batch: list[str] = []
    for item in expand_inputs([watch.uri], context.settings):
        if item.error is not None:
            if item.uri == watch.uri:
                raise item.error
            context.catalogue.fail_document(watch.collection_id, item.uri, type(item.error).__name__, item.error.reason)
            continue
        batch.append(item.uri)
        if len(batch) == _BATCH:
            queued.add_inputs(watch.collection_id, batch, watch.details)
            batch = []
    queued.add_inputs(watch.collection_id, batch, watch.details)


def reembed(context: Context) -> None:
    """Where this worker's model is not the one that answers: build its index beside the live one, then swap."""
    from workers.reindex import build_and_switch

    build_and_switch(context)


def resegment(context: Context) -> None:
    """Pages of another segmenter's version wait for a new generation; the old one answers until it is complete."""
    from ingest.segmentation import SEGMENTER_VERSION

    found = context.catalogue.requeue_other_segmenter(SEGMENTER_VERSION)
    if found:
        log.info("pages to be segmented anew", pages=found, segmenter=SEGMENTER_VERSION)


def adapt(context: Context) -> None:
    """Take up one adaptation that was asked for, was killed, or is due as a collection has grown."""
    from workers.adapt import adapt_due

    if context.catalogue.live_space() is not None:
        adapt_due(context)


def clean(context: Context) -> None:
    """Delete what is no longer live, and bring changed metadata to the points."""
    from workers.cleaning import tidy
    from workers.refresh import refresh_metadata
    from workers.reindex import drop_retired

    tidy(context)
    refresh_metadata(context)
    drop_retired(context)


def optimize(context: Context) -> None:
    """Rebuild what searching fast needs."""
    if context.catalogue.live_space() is not None:
        context.live_index().optimize()


def retain(context: Context) -> None:
    """Delete what killed writers left behind in the file store, once it is surely nobody's."""
    swept = context.files.sweep(_LEFT_BEHIND)
    if swept:
        log.info("unfinished files deleted", files=swept)


def _is_running(holder: str | None, broker: Broker) -> bool:
    return holder is not None and broker.is_alive(holder)


SCHEDULES: dict[str, Schedule] = {
    "watch": Schedule(CPU, lambda settings: settings.watch_minutes * 60, look),
    "resegment": Schedule(CPU, lambda settings: settings.renew_minutes * 60, resegment),
    "reembed": Schedule(GPU, lambda settings: settings.renew_minutes * 60, reembed),
    "adapt": Schedule(GPU, lambda settings: 30.0, adapt),
    "clean": Schedule(GPU, lambda settings: 20.0, clean),
    "optimize": Schedule(GPU, lambda settings: settings.optimize_hours * 3600, optimize),
    "retain": Schedule(CPU, lambda settings: 86_400.0, retain),
}
"""By name."""
