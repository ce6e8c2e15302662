"""Starting the processes that do the work: a worker of one queue, or the beat."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from celery import Celery
from celery import signals as celery_signals

from infra.errors import SettingsError
from infra.logs import set_up_logs
from infra.memory import give_back_freed_memory
from infra.settings import Settings
from workers.broker import CONTROL, CPU, GPU, Broker, Heartbeat, process_name
from workers.celery_app import make_app
from workers.context import Context
from workers.home_lock import home_lock
from workers.runtime import Runtime
from workers.tasks import register

log = structlog.get_logger(__name__)

_PAGES_AT_ONCE = 16
"""Pages a process of the queue `gpu` reads ahead of the model."""
_OWNER = "index-owner"
_OWNER_SECONDS = 10
_PATIENCE = 12
"""Seconds to wait for the mark of another home's embedding worker that died to vanish."""


def run_worker(settings: Settings, queue: str, concurrency: int = 0) -> None:
    """Work for a queue until told to end; then finish what was begun. Raises SettingsError, ManuspectError.

    `cpu`: as many processes as `concurrency`, 0: one a core. `gpu`: one process for one device, which reads
    `concurrency` pages at a time, 0: 16.
    """
    Broker(settings).check()
    give_back_freed_memory()
    if queue == CPU:
        _run_cpu(settings, concurrency)
    elif queue == GPU:
        _run_gpu(settings, concurrency)
    else:
        raise SettingsError(f"There is no queue {queue!r}: it is cpu or gpu.")


def run_beat(settings: Settings) -> None:
    """Ask for what is due every few seconds until told to end. Several may run: one does, the others stand by."""
    broker = Broker(settings)
    broker.check()
    name = process_name("beat")
    set_up_logs(settings, worker=name)
    heartbeat = Heartbeat(broker, name)
    try:
        with _metrics(settings):
            while not _beat_once(settings):
                time.sleep(2)
    finally:
        heartbeat.stop()


def _beat_once(settings: Settings) -> bool:
    """True when told to end; False where the broker was away, or another took over meanwhile."""
    from celery.beat import Service

    try:
        log.info("beat started")
        app = make_app(settings)
        Service(app, scheduler_cls=app.conf.beat_scheduler).start()  # which it does not read from there by itself
    except Exception as error:  # redbeat and Redis raise their own kinds
        log.warning("beat starts again", reason=f"{type(error).__name__}: {error}")
        return False
    return True


def _run_cpu(settings: Settings, concurrency: int) -> None:
    app, runtime = make_app(settings), Runtime(settings, CPU)
    register(app, settings, runtime)
    opened = celery_signals.worker_process_init.connect(lambda **_: _open_child(runtime), weak=False)
    closed = celery_signals.worker_process_shutdown.connect(lambda **_: runtime.close(), weak=False)
    try:
        _work(app, settings, CPU, pool="prefork", concurrency=concurrency or os.cpu_count() or 1)
    finally:
        celery_signals.worker_process_init.disconnect(opened)
        celery_signals.worker_process_shutdown.disconnect(closed)


def _open_child(runtime: Runtime) -> None:
    """A child's own pages are its business alone; what it shares with its parent is closed."""
    runtime.open()
    runtime.pages  # noqa: B018  the libraries are loaded before the first task, not within its time limit


def _run_gpu(settings: Settings, concurrency: int) -> None:
    with Context(settings) as context, _owning_index(settings):
        app, runtime = make_app(settings), Runtime(settings, GPU, context)
        register(app, settings, runtime)
        runtime.open()
        try:
            _work(app, settings, GPU, pool="threads", concurrency=concurrency or _PAGES_AT_ONCE)
        finally:
            runtime.close()


def _work(app: Celery, settings: Settings, queue: str, **options: Any) -> None:
    """Celery's worker, in this process."""
    name = process_name(queue)
    log.info("worker started", queue=queue, **options)
    worker = app.Worker(
        queues=[queue, CONTROL],
        hostname=name,
        loglevel=None,
        without_mingle=True,
        without_gossip=True,
        **options,
    )
    worker.start()


@contextmanager
def _owning_index(settings: Settings) -> Iterator[None]:
    """With the embedded index: one embedding worker for the broker, and no in-line run beside it.

    Raises SettingsError where there is such a worker, IndexBusyError where an in-line run does not end.
    """
    if settings.qdrant_url:
        yield
        return
    broker, stopped = Broker(settings), threading.Event()
    with home_lock(settings):
        me = _home_id(settings)
        if not _claim_ownership(broker, me):
            raise SettingsError(
                "Another embedding worker of this broker keeps the words in an embedded index, which has one writer. "
                "Set MANUSPECT_QDRANT_URL to run several."
            )
        keeper = threading.Thread(target=_keep_ownership, args=(broker, me, stopped), name="owner", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            stopped.set()
            keeper.join()
            broker.disown(_OWNER, me)


def _home_id(settings: Settings) -> str:
    """A name of this home, kept in it: a worker started again after a kill owns the index at once. Under its lock."""
    path = settings.home / "owner.id"
    if not path.exists() or not path.read_text():
        path.write_text(f"{socket.gethostname()}:{secrets.token_hex(8)}")
    return path.read_text()


def _claim_ownership(broker: Broker, me: str) -> bool:
    """False where somebody else keeps owning it."""
    for _ in range(_PATIENCE):
        if broker.own(_OWNER, me, _OWNER_SECONDS):
            return True
        time.sleep(1)
    return False


def _keep_ownership(broker: Broker, me: str, stopped: threading.Event) -> None:
    while not stopped.wait(_OWNER_SECONDS / 5):
        try:
            if not broker.own(_OWNER, me, _OWNER_SECONDS):
                log.error("another worker took the embedded index; this one ends")
                os.kill(os.getpid(), signal.SIGTERM)
                return
        except Exception as error:
            log.debug("the broker is away", reason=str(error))


@contextmanager
def _metrics(settings: Settings) -> Iterator[None]:
    if not settings.metrics_port:
        yield
        return
    from workers.metrics import serve_metrics

    with Context(settings) as context, serve_metrics(settings, context.catalogue):
        yield
