"""How long the work that waits will take, by how fast it went lately."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ingest.catalogue import Catalogue, PageState
from ingest.catalogue.queued import QueuedWork
from ingest.catalogue.records import CollectionStatus

PACE = timedelta(minutes=10)
"""How far back the pace is measured."""


def pages_left(status: CollectionStatus) -> int:
    """Pages not yet done."""
    return status.by_state[PageState.WAITING] + status.by_state[PageState.RUNNING]


def seconds_left(catalogue: Catalogue, found: Sequence[CollectionStatus]) -> dict[str, int]:
    """Collection -> seconds, for those in which pages were done lately and pages are left. Raises CatalogueError."""
    if not any(map(pages_left, found)):
        return {}
    pace = QueuedWork(catalogue).pace(datetime.now(UTC) - PACE)
    return {
        one.name: round(pages_left(one) / pace[one.name])
        for one in found
        if pages_left(one) and not one.paused and one.name in pace
    }
