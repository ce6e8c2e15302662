"""The models adapted to collections: what was tried, what came of it, and which answer now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ingest.catalogue.catalogue import Catalogue
from ingest.catalogue.records import SpaceRecord
from ingest.catalogue.spaces import retire_adapted, space_record
from ingest.catalogue.tables import AdaptationRow, AdaptationState, SpaceRow, SpaceState, now

_UNFINISHED = (AdaptationState.BUILDING, AdaptationState.LEARNING, AdaptationState.WAITING)
"""The nearest to its end first."""


@dataclass(frozen=True, slots=True)
class AdaptationRecord:
    """One attempt; fields as in `AdaptationRow`."""

    number: int
    collection_id: str
    state: AdaptationState
    base: str
    words: int
    options: Mapping[str, Any]
    doing: str
    progress: float
    space: str | None
    delta: str | None
    reason: str | None
    report: Mapping[str, Any]
    started: datetime
    ended: datetime | None

    def to_json(self) -> dict[str, Any]:
        """What a person may want to know of it, as plain values."""
        return {
            "state": str(self.state),
            "reason": self.reason,
            "doing": self.doing,
            "progress": round(self.progress, 3),
            "model": self.space,
            "words": self.words,
            "started": self.started.isoformat(timespec="seconds"),
            "report": dict(self.report),
        }


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """An adapted model that answers, or is about to answer, for a collection."""

    number: int
    collection_id: str
    state: AdaptationState
    delta: str
    space: SpaceRecord


class Adaptations:
    """Every method is one transaction. Raises CatalogueError."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._db = catalogue.database

    def ask(self, collection: str, words: int, options: Mapping[str, Any]) -> int:
        """An attempt for the collection of that id, which has so many words, to be taken up by whoever can. Its number.

        Where one is under way, or was killed, that is the one: it is carried on as it was asked for.
        """
        with self._db.write() as session:
            row = _unfinished(session, collection)
            if row is None:
                row = AdaptationRow(collection_id=collection, base="", words=words, options=dict(options), report={})
                session.add(row)
                session.flush()
            return row.number

    def take(self, collection: str | None = None) -> AdaptationRecord | None:
        """The oldest attempt that is not at its end, of the collection of that id or of all: for one caller at a time.

        Those that were killed come first, as what they had reached is kept.
        """
        with self._db.read() as session:
            row = _unfinished(session, collection)
            return _record(row) if row is not None else None

    def begin(self, number: int, base: str) -> None:
        """It is being learned, from the model of that digest."""
        with self._db.write() as session:
            row = session.get_one(AdaptationRow, number)
            row.state, row.base, row.started = AdaptationState.LEARNING, base, now()

    def get(self, number: int) -> AdaptationRecord:
        """The attempt of that number."""
        with self._db.read() as session:
            return _record(session.get_one(AdaptationRow, number))

    def tell(self, number: int, doing: str, progress: float) -> None:
        """How far it is."""
        with self._db.write() as session:
            row = session.get_one(AdaptationRow, number)
            row.doing, row.progress = doing, progress

    def end(self, number: int, state: AdaptationState, reason: str, report: Mapping[str, Any] | None = None) -> None:
        """REFUSED or FAILED, and why; an index that was begun is given up."""
        with self._db.write() as session:
            row = session.get_one(AdaptationRow, number)
            session.execute(update(SpaceRow).where(SpaceRow.key == row.space).values(state=SpaceState.RETIRED))
            row.state, row.reason, row.ended, row.doing = state, reason, now(), ""
            row.report = dict(report or row.report)

    def build(self, number: int, space: SpaceRecord, delta: str, reason: str, report: Mapping[str, Any]) -> None:
        """From now on what is indexed in the collection is indexed for that space too; the former one answers on."""
        with self._db.write() as session:
            row = session.get_one(AdaptationRow, number)
            row.state, row.reason, row.report = AdaptationState.BUILDING, reason, dict(report)
            row.space, row.delta = space.key, delta
            session.merge(
                SpaceRow(
                    key=space.key, model=space.model, digest=space.digest, dimension=space.dimension,
                    state=SpaceState.ADAPTED,
                )
            )  # fmt: skip

    def activate(self, number: int) -> bool:
        """Let it answer for its collection, in one step. False where it was ended meanwhile."""
        with self._db.write() as session:
            row = session.get_one(AdaptationRow, number)
            if row.state != AdaptationState.BUILDING:
                return False
            retire_adapted(session, row.collection_id, keep=number)
            session.execute(update(SpaceRow).where(SpaceRow.key == row.space).values(state=SpaceState.ADAPTED))
            row.state, row.doing, row.progress, row.ended = AdaptationState.LIVE, "", 1.0, now()
            return True

    def back(self, collection: str) -> bool:
        """Let the model that all share answer for the collection of that id again. False where it does already."""
        with self._db.write() as session:
            return retire_adapted(session, collection) > 0

    def versions(self) -> list[VersionRecord]:
        """Every adapted model that answers or is being built, newest first."""
        states = [AdaptationState.BUILDING, AdaptationState.LIVE]
        query = (
            select(AdaptationRow, SpaceRow)
            .join(SpaceRow, SpaceRow.key == AdaptationRow.space)
            .where(AdaptationRow.state.in_(states), SpaceRow.state == SpaceState.ADAPTED)
            .order_by(AdaptationRow.number.desc())
        )
        with self._db.read() as session:
            return [
                VersionRecord(row.number, row.collection_id, AdaptationState(row.state), row.delta, space_record(space))
                for row, space in session.execute(query)
                if row.delta is not None
            ]

    def latest(self) -> dict[str, AdaptationRecord]:
        """The last attempt of each collection, by the collection's id."""
        with self._db.read() as session:
            newest = select(func.max(AdaptationRow.number)).group_by(AdaptationRow.collection_id)
            rows = session.scalars(select(AdaptationRow).where(AdaptationRow.number.in_(newest)))
            return {row.collection_id: _record(row) for row in rows}


def _unfinished(session: Session, collection: str | None) -> AdaptationRow | None:
    """The one nearest to its end."""
    query = select(AdaptationRow).where(AdaptationRow.state.in_(_UNFINISHED)).order_by(AdaptationRow.number)
    if collection is not None:
        query = query.where(AdaptationRow.collection_id == collection)
    return min(session.scalars(query), key=lambda row: _UNFINISHED.index(AdaptationState(row.state)), default=None)


def _record(row: AdaptationRow) -> AdaptationRecord:
    ended = _utc(row.ended) if row.ended is not None else None
    return AdaptationRecord(
        row.number, row.collection_id, AdaptationState(row.state), row.base, row.words, row.options, row.doing,
        row.progress, row.space, row.delta, row.reason, row.report, _utc(row.started), ended,
    )  # fmt: skip


def _utc(time: datetime) -> datetime:
    """SQLite keeps no zones; what we write is UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
