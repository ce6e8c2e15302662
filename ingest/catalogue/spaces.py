"""Which embedding space answers queries, and which one is being built beside it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.orm import Session

from infra.errors import ModelError
from ingest.catalogue.database import rows_touched
from ingest.catalogue.records import SpaceRecord
from ingest.catalogue.tables import AdaptationRow, AdaptationState, PageRow, PageState, SpaceRow, SpaceState, now


def space_record(row: SpaceRow) -> SpaceRecord:
    """The record of a row."""
    return SpaceRecord(row.key, row.model, row.digest, row.dimension, row.state, row.created)


def space_in(session: Session, state: SpaceState) -> SpaceRecord | None:
    """The space in that state."""
    row = session.scalars(select(SpaceRow).where(SpaceRow.state == state)).first()
    return space_record(row) if row is not None else None


def all_spaces(session: Session) -> list[SpaceRecord]:
    """Every space that has, or may still have, an index."""
    return [space_record(row) for row in session.scalars(select(SpaceRow).order_by(SpaceRow.created))]


def use_space(session: Session, key: str, model: str, digest: str, dimension: int) -> None:
    """Make sure that this space is the live one; the first to be used becomes it. Raises ModelError for another."""
    live = space_in(session, SpaceState.LIVE)
    if live is None:
        session.merge(SpaceRow(key=key, model=model, digest=digest, dimension=dimension, state=SpaceState.LIVE))
    elif live.key != key:
        raise ModelError(
            f"The collections are indexed with the model {live.model} ({live.key}), and the settings now choose "
            f"{model} ({key}). Set MANUSPECT_MODEL back, or run `manuspect reindex` to embed everything anew."
        )


def begin_building(session: Session, key: str, model: str, digest: str, dimension: int) -> bool:
    """Start, or go on with, building this space beside the live one. False where it is the live one already."""
    others = select(SpaceRow).where(SpaceRow.key != key, SpaceRow.state == SpaceState.BUILDING)
    for other in session.scalars(others):
        other.state = SpaceState.RETIRED
    row = session.get(SpaceRow, key)
    if row is not None and row.state == SpaceState.LIVE:
        return False
    if row is None or row.state == SpaceState.RETIRED:
        session.execute(update(PageRow).where(PageRow.next_space == key).values(next_space=None))
    session.merge(SpaceRow(key=key, model=model, digest=digest, dimension=dimension, state=SpaceState.BUILDING))
    return True


def pages_to_build(session: Session, key: str, after: str, limit: int) -> list[str]:
    """Ids, in order and after `after`, of pages whose live words are not yet in the space being built."""
    query = select(PageRow.id).where(PageRow.id > after, *_missing(key)).order_by(PageRow.id).limit(limit)
    return list(session.scalars(query))


def count_to_build(session: Session, key: str) -> int:
    """How many pages `pages_to_build` would give in the end."""
    return session.scalar(select(func.count()).where(*_missing(key))) or 0


def _missing(key: str) -> list[ColumnElement[bool]]:
    return [
        PageRow.words > 0,
        PageRow.state != PageState.REMOVING,
        PageRow.next_space.is_distinct_from(key),
    ]


def mark_built(session: Session, page: str, generation: int, key: str) -> bool:
    """The words of that generation are in the space being built. False where the page has moved on or is gone."""
    live = PageRow.generation == generation, PageRow.state != PageState.REMOVING
    done = session.execute(update(PageRow).where(PageRow.id == page, *live).values(next_space=key))
    return rows_touched(done) == 1


def switch_space(session: Session, key: str) -> bool:
    """Make the space being built the live one, in one step. False where pages are missing in it."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE pages IN SHARE ROW EXCLUSIVE MODE"))
    if count_to_build(session, key):
        return False
    session.execute(
        update(SpaceRow).where(SpaceRow.state == SpaceState.LIVE, SpaceRow.key != key).values(state=SpaceState.RETIRED)
    )
    session.execute(update(SpaceRow).where(SpaceRow.key == key).values(state=SpaceState.LIVE))
    retire_adapted(session)
    session.execute(update(PageRow).where(PageRow.generation > 0).values(space=key, next_space=None))
    return True


def forget_space(session: Session, key: str) -> None:
    """Delete the row of a retired space whose index is gone."""
    session.execute(delete(SpaceRow).where(SpaceRow.key == key, SpaceRow.state == SpaceState.RETIRED))


def retire_adapted(session: Session, collection: str | None = None, keep: int = 0) -> int:
    """End the adapted models of the collection of that id, or all; how many there were. The live space answers then.

    `keep`: number of an adaptation that goes on.
    """
    running = [AdaptationState.BUILDING, AdaptationState.LIVE]
    query = select(AdaptationRow).where(AdaptationRow.state.in_(running), AdaptationRow.number != keep)
    if collection is not None:
        query = query.where(AdaptationRow.collection_id == collection)
    rows = list(session.scalars(query))
    for row in rows:
        row.state, row.ended = AdaptationState.RETIRED, now()
        session.execute(update(SpaceRow).where(SpaceRow.key == row.space).values(state=SpaceState.RETIRED))
    return len(rows)
