"""Times as people say them."""

from __future__ import annotations

from datetime import UTC, datetime


def interval(seconds: float) -> str:
    """`20 seconds`, `10 minutes`, `24 hours`, in the largest unit of which there are at least two."""
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def ago(moment: datetime | None) -> str:
    """`3 minutes ago`; never for None."""
    if moment is None:
        return "never"
    return f"{interval(max(0.0, (datetime.now(UTC) - moment).total_seconds()))} ago"
