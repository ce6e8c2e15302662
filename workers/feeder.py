"""Keeping the queues filled from the catalogue, and taking back what was lost. May be called by anyone at any time.

The queues hold a bounded number of ids: the broker's memory does not grow with the collection, a collection is paused
by feeding no more of it, and a broker that lost everything is filled again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog
from celery import Celery

from infra.errors import BrokerError
from infra.settings import Settings
from ingest.catalogue import Catalogue
from ingest.catalogue.queued import QueuedWork
from ingest.catalogue.tables import now
from workers.broker import CPU, GPU, Broker
from workers.celery_app import EMBED, LIST, PREPARE, longest_task, send, visibility_timeout

log = structlog.get_logger(__name__)

_FULL = 1000
"""Messages a queue holds at most."""
_LOCK_SECONDS = 8
"""Of a feeder that dies; two at once would send some messages twice, which changes nothing."""
_QUIET = 12.0
"""Seconds of empty queues after which a message that a dead worker had taken is no longer waited for."""


@dataclass(frozen=True, slots=True)
class Fed:
    """What one call did."""

    released: int = 0
    """Taken back from the dead."""
    lost: int = 0
    """Messages that were nowhere."""
    sent: int = 0


def feed(app: Celery, broker: Broker, settings: Settings, catalogue: Catalogue, own_messages: int = 0) -> Fed:
    """Take back what was lost, then fill the queues. One at a time; a second caller does nothing.

    `own_messages`: of those under way, the caller's. Raises BrokerError, CatalogueError; nothing is lost then, the next
    call goes on.
    """
    with broker.lock("feed", _LOCK_SECONDS) as held:
        if not held:
            return Fed()
        queued = QueuedWork(catalogue)
        released = _release(broker, queued, settings)
        lost = _find_lost(broker, queued, own_messages)
        sent = _send_drafted(app, broker, queued) + _send_waiting(app, broker, queued)
        if released or lost:
            log.warning("lost work taken back", released=released, lost=lost)
        return Fed(released, lost, sent)


def _release(broker: Broker, queued: QueuedWork, settings: Settings) -> int:
    if not broker.settled:
        return 0
    stuck = now() - timedelta(seconds=longest_task(settings) + visibility_timeout(settings))
    return queued.release_dead(broker.is_alive, stuck)


def _find_lost(broker: Broker, queued: QueuedWork, own_messages: int) -> int:
    """Messages said to be sent, while the queues stay empty: at once where no worker has any either, else soon."""
    if broker.depth(CPU) or broker.depth(GPU):
        broker.not_quiet()
        return 0
    if broker.under_way() > own_messages and broker.quiet_seconds() < _QUIET:
        return 0
    return queued.forget_messages()


def _send_drafted(app: Celery, broker: Broker, queued: QueuedWork) -> int:
    room = _FULL - broker.depth(GPU)
    pages = queued.take_drafted(room) if room > _FULL // 4 else []
    for number, (page, claim) in enumerate(pages):
        try:
            send(app, EMBED, page, claim)
        except BrokerError:
            queued.not_sent(pages=[left for left, _ in pages[number:]])
            raise
    return len(pages)


def _send_waiting(app: Celery, broker: Broker, queued: QueuedWork) -> int:
    """Inputs and pages share a queue; pages under way go first, so that no document waits for all to be listed."""
    room = _FULL - broker.depth(CPU)
    if room <= _FULL // 4:
        return 0
    pages = queued.take_waiting(room // 2)
    inputs = queued.take_inputs(room - len(pages))
    messages = [(PREPARE, page) for page in pages] + [(LIST, key) for key in inputs]
    for number, (task, key) in enumerate(messages):
        try:
            send(app, task, key)
        except BrokerError:
            left = messages[number:]
            queued.not_sent([key for task, key in left if task == LIST], [key for task, key in left if task == PREPARE])
            raise
    return len(messages)
