"""Logs: one line an event, with ids, on stderr; results alone go to stdout."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from infra.settings import Settings

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def set_up_logs(settings: Settings, **always: str) -> None:
    """Send all logs, ours and libraries', to stderr in the form the settings choose.

    `always` is added to every line, for example the worker's name. Libraries are heard from warnings on, or as the
    setting says where that is stricter.
    """
    level = _LEVELS[settings.log_level]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _adding(always),
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(_Stderr())
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last(settings)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.WARNING))
    for package in ("infra", "ingest", "search", "workers", "ui"):
        logging.getLogger(package).setLevel(level)
    structlog.contextvars.clear_contextvars()


def _adding(always: dict[str, str]) -> Any:
    """Adds the same to every line, of all threads."""

    def add(_: object, __: str, event: dict[str, Any]) -> dict[str, Any]:
        return {**always, **event}

    return add


def _last(settings: Settings) -> list[Any]:
    """From an event to its line."""
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if settings.log_json:
        return [drop, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [drop, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)]


class _Stderr:
    """Whatever `sys.stderr` is at the moment of writing, so that a progress bar can step aside for log lines."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()
