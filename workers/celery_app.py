"""The Celery application: how messages travel, and what happens to them when something dies."""

from __future__ import annotations

import math
from typing import Any

import redis
from celery import Celery
from kombu import Queue

from infra.errors import BrokerError, SettingsError
from infra.settings import Settings
from workers.broker import CONTROL, CPU, GPU

LIST, PREPARE, EMBED = "manuspect.list", "manuspect.prepare", "manuspect.embed"
TICK, SCHEDULE = "manuspect.tick", "manuspect.schedule"
QUEUE_OF = {LIST: CPU, PREPARE: CPU, EMBED: GPU, TICK: CONTROL}

TICK_SECONDS = 3.0
"""Between two looks at what is due and what was lost."""
_LISTING_FACTOR = 4.0
"""Listing reads a whole file for its digest."""
_GRACE = 30.0
"""Seconds between the polite end of a task that takes too long and the kill."""
_TASKS_PER_CHILD = 400
_KILOBYTES_PER_CHILD = 2_000_000
"""A process that has grown so large is replaced after its task."""
_BEAT_LOCK = 10
"""Seconds after which a second scheduler takes over from one that died."""


def make_app(settings: Settings) -> Celery:
    """The application of these settings. It knows names and queues; `workers.tasks.register` adds what they do."""
    if settings.broker_url is None:
        raise SettingsError("MANUSPECT_BROKER_URL is not set.")
    url = settings.broker_url.get_secret_value()
    app = Celery("manuspect", broker=url, set_as_current=False)
    app.conf.update(_configuration(settings, url))
    return app


def longest_task(settings: Settings) -> float:
    """Seconds after which any task has been ended."""
    return settings.page_timeout * _LISTING_FACTOR + _GRACE


def limits(settings: Settings, task: str) -> dict[str, float]:
    """Time limits of a task, seconds: an error in it after `soft_time_limit`, a kill after `time_limit`."""
    soft = settings.page_timeout * (_LISTING_FACTOR if task == LIST else 1.0)
    return {"soft_time_limit": soft, "time_limit": soft + _GRACE}


def visibility_timeout(settings: Settings) -> int:
    """Seconds after which a message that nobody acknowledged is delivered again; longer than any task may take."""
    return math.ceil(longest_task(settings)) + 120


def send(app: Celery, task: str, *args: Any, queue: str | None = None, expires: float | None = None) -> None:
    """Put a message into the task's queue. Raises BrokerError where Redis is away or full."""
    try:
        app.send_task(task, args=args, queue=queue or QUEUE_OF[task], expires=expires, ignore_result=True, retry=False)
    except redis.exceptions.OutOfMemoryError as error:
        raise BrokerError("The broker is full. Give Redis more memory (maxmemory); the work goes on then.") from error
    except Exception as error:  # kombu raises its own kinds and those of its transports
        raise BrokerError(f"The broker takes no work: {error}. Check MANUSPECT_BROKER_URL.") from error


def _configuration(settings: Settings, url: str) -> dict[str, Any]:
    visible = visibility_timeout(settings)
    transport = {
        "visibility_timeout": visible,
        "unacked_restore_throttle": 1,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
    }
    # No `retry_on_timeout`: with it the Redis client connects again by itself after any loss and Celery learns nothing:
    # it goes on watching the old socket's number, and once another connection has that, waits on the new for ever.
    return {
        "broker_transport_options": transport,
        "result_backend_transport_options": {"visibility_timeout": visible},
        "visibility_timeout": visible,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": True,
        "task_queues": [Queue(name) for name in (CPU, GPU, CONTROL)],
        "task_default_queue": CONTROL,
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_max_tasks_per_child": _TASKS_PER_CHILD,
        "worker_proc_alive_timeout": 120.0,
        "worker_max_memory_per_child": _KILOBYTES_PER_CHILD,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_send_task_events": True,
        "task_send_sent_event": False,
        "enable_utc": True,
        "timezone": "UTC",
        "beat_schedule": {
            "tick": {"task": TICK, "schedule": TICK_SECONDS, "options": {"queue": CONTROL, "expires": 2 * TICK_SECONDS}}
        },
        "beat_scheduler": "redbeat.RedBeatScheduler",
        "beat_max_loop_interval": 1.0,
        "redbeat_redis_url": url,
        "redbeat_redis_options": {"socket_timeout": 10, "socket_connect_timeout": 5},
        "redbeat_key_prefix": "manuspect:beat:",
        "redbeat_lock_key": "manuspect:beat:lock",
        "redbeat_lock_timeout": _BEAT_LOCK,
    }
