"""The dated leases of schedules, and the places that are watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select

from ingest.catalogue import ids
from ingest.catalogue.catalogue import Catalogue
from ingest.catalogue.records import Metadata
from ingest.catalogue.tables import ScheduleRow, WatchRow, now


@dataclass(frozen=True, slots=True)
class ScheduleRecord:
    """How a schedule is getting on."""

    name: str
    period: int
    """Number of the period last begun; -1: none yet."""
    done: int
    """Number of the period that succeeded last; -1: none yet."""
    holder: str | None
    started: datetime | None
    succeeded: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Watch:
    """A folder or IIIF collection that is looked at again and again."""

    id: str
    collection_id: str
    uri: str
    details: Metadata
    seen: datetime | None
    error: str | None


class Schedules:
    """Every method is one transaction. Raises CatalogueError."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._db = catalogue.database

    def begin(self, name: str, period: int, holder: str, is_alive: Callable[[str], bool]) -> bool:
        """Take the lease of that period. False where another living process runs it, or the period is done."""
        with self._db.write() as session:
            row = session.get(ScheduleRow, name, with_for_update=True)
            if row is None:
                row = ScheduleRow(name=name, period=-1, done=-1)
                session.add(row)
                session.flush()
            if row.done >= period or (row.holder is not None and row.holder != holder and is_alive(row.holder)):
                return False
            if row.holder == holder:
                return False
            row.period, row.holder, row.started = period, holder, now()
            return True

    def end(self, name: str, period: int, holder: str, error: str | None = None) -> None:
        """Give the lease back; without an error the period is done."""
        with self._db.write() as session:
            row = session.get(ScheduleRow, name, with_for_update=True)
            if row is None or row.holder != holder or row.period != period:
                return
            row.holder, row.error = None, error
            if error is None:
                row.done, row.succeeded = period, now()

    def all(self) -> dict[str, ScheduleRecord]:
        """By name."""
        with self._db.read() as session:
            rows = session.scalars(select(ScheduleRow).order_by(ScheduleRow.name))
            return {
                row.name: ScheduleRecord(
                    row.name, row.period, row.done, row.holder, _utc(row.started), _utc(row.succeeded), row.error
                )
                for row in rows
            }

    def watch(self, collection: str, uri: str, details: Metadata) -> str:
        """Look at that folder or URL from now on, for the collection of that id. The watch's id."""
        with self._db.write() as session:
            key = ids.document_id(collection, f"watch/{uri}")
            session.merge(WatchRow(id=key, collection_id=collection, uri=uri, details=dict(details)))
            return key

    def unwatch(self, collection: str, uri: str) -> bool:
        """Look at it no more; False where nobody did."""
        with self._db.write() as session:
            row = session.get(WatchRow, ids.document_id(collection, f"watch/{uri}"))
            if row is None:
                return False
            session.execute(delete(WatchRow).where(WatchRow.id == row.id))
            return True

    def watches(self, collection: str | None = None) -> list[Watch]:
        """What is watched, for the collection of that id or for all."""
        with self._db.read() as session:
            query = select(WatchRow).order_by(WatchRow.uri)
            if collection is not None:
                query = query.where(WatchRow.collection_id == collection)
            return [
                Watch(row.id, row.collection_id, row.uri, row.details, _utc(row.seen), row.error)
                for row in session.scalars(query)
            ]

    def looked(self, watch: str, error: str | None) -> None:
        """It was looked through just now, or could not be."""
        with self._db.write() as session:
            row = session.get(WatchRow, watch)
            if row is not None:
                row.error = error
                if error is None:
                    row.seen = now()


def _utc(time: datetime | None) -> datetime | None:
    """SQLite keeps no zones; what we write is UTC."""
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
