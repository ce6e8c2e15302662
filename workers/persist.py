"""Holding out while the catalogue is away, as when its server is restarted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from infra.errors import CatalogueError

log = structlog.get_logger(__name__)

T = TypeVar("T")

_FIRST, _LONGEST = 0.2, 5.0


def persist(call: Callable[[], T], patience: float = 240.0) -> T:
    """The call's value, tried again while the catalogue fails, for `patience` seconds; then its CatalogueError.

    The call may have happened though it failed, so it must be one that may be repeated.
    """
    deadline, pause = time.monotonic() + patience, _FIRST
    while True:
        try:
            return call()
        except CatalogueError as error:
            if time.monotonic() + pause > deadline:
                raise
            log.warning("the catalogue is away", reason=str(error), again_in=pause)
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST)
