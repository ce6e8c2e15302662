"""Which failures are worth another try, and when."""

from __future__ import annotations

import logging
import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from infra.errors import FetchError

_log = logging.getLogger(__name__)

TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that may pass by themselves."""


class PassingError(FetchError):
    """A failure that may pass; `wait` is what the server asked for, seconds, None where it did not say."""

    wait: float | None = None


def backoff(error: Exception) -> bool | float:
    """For stamina: False gives up, True waits exponentially longer, a number is the pause in seconds."""
    if not isinstance(error, PassingError):
        return False
    return True if error.wait is None else error.wait


def parse_retry_after(value: str | None) -> float | None:
    """Seconds from now, of a Retry-After header in seconds or as an HTTP date; None where absent or senseless."""
    if not value:
        return None
    text = value.strip()
    if text.isdecimal() and text.isascii():
        return float(text[:12])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, math.ceil((moment - datetime.now(UTC)).total_seconds()))


def _say(details: RetryDetails) -> None:
    _log.info("trying again in %.1f s: %s", details.wait_for, details.caused_by)


# Stamina's own hook prints to stdout wherever structlog is not set up, in the middle of somebody's results.
set_on_retry_hooks([_say])
