"""The catalogue's part in work done by other machines: what waits to be sent, who holds what, what was lost.

The broker carries ids and may forget them; what is to be done stands here. A message that comes twice, or late, finds
its page taken up or done, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, delete, func, insert, select, update
from sqlalchemy.orm import Session

from ingest.catalogue import claims, ids, listing
from ingest.catalogue.catalogue import Catalogue
from ingest.catalogue.database import rows_touched
from ingest.catalogue.records import ClaimedPage, Draft, Metadata
from ingest.catalogue.tables import (
    CollectionRow,
    DocumentRow,
    DocumentState,
    DraftRow,
    InputRow,
    PageRow,
    PageState,
    now,
)

_BATCH = 500
LOST = "WorkerLostError"


@dataclass(frozen=True, slots=True)
class Input:
    """A document to be listed, taken up."""

    id: str
    """The document's, once it is one."""
    claim: int
    attempts: int
    """This one included."""
    collection_id: str
    uri: str
    details: Metadata


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits, by the queue it waits for."""

    inputs: int
    waiting: int
    """Pages to be prepared, those of paused collections left out."""
    drafted: int
    """Pages whose words wait for the model."""
    running: int
    """Pages some worker has taken up, drafted ones left out."""


class QueuedWork:
    """Every method is one transaction. Raises CatalogueError. Threads may share it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._db = catalogue.database

    # Inputs

    def add_inputs(self, collection: str, uris: Sequence[str], details: Metadata) -> list[str]:
        """Record documents to be listed into the collection of that id; ids, which are the documents'."""
        with self._db.write() as session:
            keys = {ids.document_id(collection, listing.clean(uri)): listing.clean(uri) for uri in uris}
            known: set[str] = set()
            for some in _batches(list(keys)):
                known.update(session.scalars(select(InputRow.id).where(InputRow.id.in_(some))))
            rows = [
                {"id": key, "collection_id": collection, "uri": uri, "details": dict(details), "added": now()}
                for key, uri in keys.items()
                if key not in known
            ]
            if rows:
                session.execute(insert(InputRow), [{"attempts": 0, "claim": 0, "queued": False, **row} for row in rows])
            return list(keys)

    def claim_input(self, key: str, worker: str) -> Input | None:
        """Take up an input nobody has; None where there is none. The attempt is counted now; the third is the last."""
        with self._db.write() as session:
            query = select(InputRow).join(CollectionRow, InputRow.collection_id == CollectionRow.id)
            query = query.where(InputRow.id == key, InputRow.worker.is_(None), CollectionRow.paused.is_(False))
            row = session.scalar(query.with_for_update(of=InputRow))
            if row is None:
                session.execute(update(InputRow).where(InputRow.id == key).values(queued=False))
                return None
            if row.attempts >= claims.MAX_ATTEMPTS:
                reason = f"The program listing it died {claims.MAX_ATTEMPTS} times."
                listing.fail_document(session, row.collection_id, row.uri, LOST, reason)
                session.delete(row)
                return None
            row.attempts, row.claim, row.worker, row.queued = row.attempts + 1, row.claim + 1, worker[:128], False
            return Input(row.id, row.claim, row.attempts, row.collection_id, row.uri, row.details)

    def finish_input(self, key: str, claim: int) -> None:
        """It is listed, or recorded as failed."""
        with self._db.write() as session:
            session.execute(delete(InputRow).where(InputRow.id == key, InputRow.claim == claim))

    def return_input(self, key: str, claim: int, *, counted: bool) -> None:
        """Give it back, to be tried again; `counted`: as a failed attempt."""
        with self._db.write() as session:
            row = session.scalar(select(InputRow).where(InputRow.id == key, InputRow.claim == claim))
            if row is not None:
                row.worker, row.queued, row.attempts = None, False, row.attempts - (0 if counted else 1)

    # Pages

    def hand_over(self, page: str, claim: int, draft: Draft) -> bool:
        """Save the draft and let go of the page, which waits for the model from now on. False: the claim was lost."""
        with self._db.write() as session:
            if not claims.save_draft(session, page, claim, draft):
                return False
            session.execute(update(PageRow).where(PageRow.id == page).values(worker=None, queued=True))
            session.execute(update(DraftRow).where(DraftRow.page_id == page).values(begun=0))
            return True

    def adopt(self, page: str, claim: int, worker: str) -> tuple[ClaimedPage, Draft, int] | None:
        """Take up a page that waits for the model: page, draft, how often its embedding was begun. None: not ours."""
        with self._db.write() as session:
            query = (
                select(PageRow, DocumentRow, DraftRow)
                .join(DocumentRow, PageRow.document_id == DocumentRow.id)
                .join(DraftRow, DraftRow.page_id == PageRow.id)
                .where(PageRow.id == page, PageRow.claim == claim, PageRow.state == PageState.RUNNING)
                .where(PageRow.worker.is_(None), DraftRow.claim == claim)
                .with_for_update(of=PageRow)
            )
            found = session.execute(query).first()
            if found is None:
                return None
            row, document, draft = found
            row.worker, row.queued, row.updated = worker[:128], False, now()
            return claims.claimed(row, document), Draft.from_json(draft.content), draft.begun

    def begin_embedding(self, page: str, claim: int) -> bool:
        """Count the attempt. False where the claim was lost, or where three died over it, which fails the page."""
        with self._db.write() as session:
            row, draft = claims.held(session, page, claim), session.get(DraftRow, page)
            if row is None or draft is None or draft.claim != claim:
                return False
            if draft.begun >= claims.MAX_ATTEMPTS:
                row.state, row.error, row.updated = PageState.FAILED, LOST, now()
                row.reason = f"The program embedding its words died {draft.begun} times. Last worker: {row.worker}."
                return False
            draft.begun += 1
            return True

    def embedding_was_stopped(self, page: str, claim: int) -> None:
        """Something other than the page went wrong: the attempt is not counted."""
        with self._db.write() as session:
            session.execute(
                update(DraftRow)
                .where(DraftRow.page_id == page, DraftRow.claim == claim, DraftRow.begun > 0)
                .values(begun=DraftRow.begun - 1)
            )

    def let_go(self, page: str, claim: int) -> None:
        """Give an adopted page back; its draft waits for the model again."""
        with self._db.write() as session:
            session.execute(
                update(PageRow)
                .where(PageRow.id == page, PageRow.claim == claim, PageRow.state == PageState.RUNNING)
                .values(worker=None, queued=False)
            )

    def unqueue(self, page: str) -> None:
        """A message came for a page that may not be taken up, or could not be sent: nothing is under way for it."""
        with self._db.write() as session:
            session.execute(update(PageRow).where(PageRow.id == page).values(queued=False))

    # What is to be sent

    def take_inputs(self, limit: int) -> list[str]:
        """Ids of inputs to send, the oldest first; recorded as sent."""
        with self._db.write() as session:
            query = (
                select(InputRow.id)
                .join(CollectionRow, InputRow.collection_id == CollectionRow.id)
                .where(InputRow.worker.is_(None), InputRow.queued.is_(False), CollectionRow.paused.is_(False))
                .order_by(InputRow.added, InputRow.id)
                .limit(limit)
            )
            found = list(session.scalars(query))
            for some in _batches(found):
                session.execute(update(InputRow).where(InputRow.id.in_(some)).values(queued=True))
            return found

    def take_waiting(self, limit: int) -> list[str]:
        """Ids of pages to prepare, by document and number; recorded as sent."""
        with self._db.write() as session:
            query = _waiting().where(PageRow.queued.is_(False))
            return _taken(session, query.order_by(DocumentRow.added, PageRow.document_id, PageRow.number), limit)

    def take_drafted(self, limit: int) -> list[tuple[str, int]]:
        """(id, claim) of pages to embed; recorded as sent."""
        with self._db.write() as session:
            query = _drafted().where(PageRow.queued.is_(False)).order_by(PageRow.updated)
            found = _taken(session, query, limit)
            claims_of: dict[str, int] = {}
            for some in _batches(found):
                rows = session.execute(select(PageRow.id, PageRow.claim).where(PageRow.id.in_(some)))
                claims_of.update({page: claim for page, claim in rows})
            return [(page, claims_of[page]) for page in found]

    def not_sent(self, inputs: Sequence[str] = (), pages: Sequence[str] = ()) -> None:
        """The broker would not take the messages for these."""
        with self._db.write() as session:
            for some in _batches(list(inputs)):
                session.execute(update(InputRow).where(InputRow.id.in_(some)).values(queued=False))
            for some in _batches(list(pages)):
                session.execute(update(PageRow).where(PageRow.id.in_(some)).values(queued=False))

    def forget_messages(self) -> int:
        """No message is under way anywhere: all that was sent and not taken up is to be sent again. How many."""
        with self._db.write() as session:
            inputs = update(InputRow).where(InputRow.queued.is_(True), InputRow.worker.is_(None)).values(queued=False)
            pages = update(PageRow).where(PageRow.queued.is_(True)).values(queued=False)
            return rows_touched(session.execute(inputs)) + rows_touched(session.execute(pages))

    # What was lost

    def release_dead(self, is_alive: Callable[[str], bool], stuck_before: datetime | None = None) -> int:
        """Take back what dead workers hold; attempts stay counted, drafts are kept. How many.

        Pages that nobody touched since `stuck_before` are taken back from living workers too.
        """
        with self._db.read() as session:
            holders = set(
                session.scalars(
                    select(PageRow.worker)
                    .where(PageRow.state == PageState.RUNNING, PageRow.worker.is_not(None))
                    .distinct()
                )
            ) | set(session.scalars(select(InputRow.worker).where(InputRow.worker.is_not(None)).distinct()))
        dead = [name for name in holders if name is not None and not is_alive(name)]
        if not dead and stuck_before is None:
            return 0
        with self._db.write() as session:
            inputs = update(InputRow).where(InputRow.worker.in_(dead)).values(worker=None, queued=False)
            lost: ColumnElement[bool] = PageRow.worker.in_(dead)
            if stuck_before is not None:
                lost = lost | (PageRow.updated < stuck_before)
            held = select(PageRow).where(PageRow.state == PageState.RUNNING, PageRow.worker.is_not(None), lost)
            released = rows_touched(session.execute(inputs))
            for page in session.scalars(held.with_for_update()):
                _release(session, page)
                released += 1
            return released

    def cancel(self, collection: str) -> int:
        """Give up what waits in the collection of that id: its pages fail with CancelledError, until `retry`."""
        with self._db.write() as session:
            inputs = list(session.scalars(select(InputRow).where(InputRow.collection_id == collection)))
            for row in inputs:
                listing.fail_document(session, collection, row.uri, "CancelledError", "It was cancelled.")
                session.delete(row)
            inside = select(DocumentRow.id).where(DocumentRow.collection_id == collection)
            pages = (
                update(PageRow)
                .where(PageRow.document_id.in_(inside), PageRow.state.in_([PageState.WAITING, PageState.RUNNING]))
                .values(
                    state=PageState.FAILED,
                    error="CancelledError",
                    reason="It was cancelled.",
                    claim=PageRow.claim + 1,
                    stale=True,
                    queued=False,
                    updated=now(),
                )
            )
            return len(inputs) + rows_touched(session.execute(pages))

    # Counting

    def counts(self) -> Counts:
        """How much waits and runs in all collections."""
        with self._db.read() as session:
            waiting, drafted = _waiting().subquery(), _drafted().subquery()
            running = select(func.count()).where(PageRow.state == PageState.RUNNING, PageRow.worker.is_not(None))
            return Counts(
                inputs=session.scalar(select(func.count()).select_from(InputRow)) or 0,
                waiting=session.scalar(select(func.count()).select_from(waiting)) or 0,
                drafted=session.scalar(select(func.count()).select_from(drafted)) or 0,
                running=session.scalar(running) or 0,
            )

    def inputs_left(self, keys: Sequence[str]) -> int:
        """How many of these inputs are not listed yet."""
        with self._db.read() as session:
            return sum(
                session.scalar(select(func.count()).select_from(InputRow).where(InputRow.id.in_(some))) or 0
                for some in _batches(list(keys))
            )

    def inputs_by_collection(self) -> dict[str, int]:
        """Collection id -> inputs that are not listed yet, of collections that have any."""
        with self._db.read() as session:
            query = select(InputRow.collection_id, func.count()).group_by(InputRow.collection_id)
            return {collection: inputs for collection, inputs in session.execute(query)}

    def pages_by_state(self, documents: Sequence[str], since: datetime | None = None) -> dict[str, tuple[int, int]]:
        """State -> (pages, words) of these documents; of what changed `since` alone where that is given."""
        found: dict[str, tuple[int, int]] = {}
        with self._db.read() as session:
            for some in _batches(list(documents)):
                query = select(PageRow.state, func.count(), func.coalesce(func.sum(PageRow.words), 0))
                query = query.where(PageRow.document_id.in_(some)).group_by(PageRow.state)
                if since is not None:
                    query = query.where(PageRow.updated >= since)
                for state, pages, words in session.execute(query):
                    before = found.get(state, (0, 0))
                    found[state] = before[0] + pages, before[1] + int(words)
        return found

    def pace(self, since: datetime) -> dict[str, float]:
        """Collection name -> pages a second, between the first that was done since then and now."""
        with self._db.read() as session:
            query = (
                select(CollectionRow.name, func.count(), func.min(PageRow.updated))
                .select_from(PageRow)
                .join(DocumentRow, PageRow.document_id == DocumentRow.id)
                .join(CollectionRow, DocumentRow.collection_id == CollectionRow.id)
                .where(PageRow.updated >= since, PageRow.state.in_([PageState.INDEXED, PageState.EMPTY]))
                .group_by(CollectionRow.name)
            )
            found = session.execute(query).all()
        seconds = {name: (now() - _with_zone(first)).total_seconds() for name, _, first in found}
        return {name: pages / max(seconds[name], 1.0) for name, pages, _ in found}


def _with_zone(time: datetime) -> datetime:
    """SQLite keeps no zones; what we write is UTC."""
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _waiting() -> Select[str]:
    return (
        select(PageRow.id)
        .join(DocumentRow, PageRow.document_id == DocumentRow.id)
        .join(CollectionRow, DocumentRow.collection_id == CollectionRow.id)
        .where(PageRow.state == PageState.WAITING)
        .where(DocumentRow.state == DocumentState.LISTED, CollectionRow.paused.is_(False))
    )


def _drafted() -> Select[str]:
    return (
        select(PageRow.id)
        .join(DraftRow, (DraftRow.page_id == PageRow.id) & (DraftRow.claim == PageRow.claim))
        .where(PageRow.state == PageState.RUNNING, PageRow.worker.is_(None))
    )


def _taken(session: Session, query: Select[str], limit: int) -> list[str]:
    found = list(session.scalars(query.limit(limit)))
    for some in _batches(found):
        session.execute(update(PageRow).where(PageRow.id.in_(some)).values(queued=True))
    return found


def _release(session: Session, page: PageRow) -> None:
    draft = session.get(DraftRow, page.id)
    page.queued, page.updated = False, now()
    if draft is not None and draft.claim == page.claim:
        page.worker = None
    else:
        page.state = PageState.WAITING


def _batches(items: list[str]) -> list[list[str]]:
    return [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]
