"""Page ids to what serving them needs, from the catalogue, remembered for a few seconds."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy import select

from infra.errors import NotFoundError
from ingest.catalogue.database import Database
from ingest.catalogue.tables import CollectionRow, DocumentRow, PageRow


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One page that has a stored image."""

    id: str
    document: str
    collection: str
    groups: tuple[str, ...]
    """Groups that may see the collection; empty: everyone."""
    image: str
    """Key of the page image in the file store."""
    digest: str
    """Changes with the page's content."""


class PageDirectory:
    """Looks pages up; an entry may be `lifetime` seconds old, and so may a change of access."""

    def __init__(self, database: Database, *, lifetime: float = 5.0, capacity: int = 4096) -> None:
        self._database = database
        self._lifetime = lifetime
        self._capacity = capacity
        self._entries: OrderedDict[str, tuple[float, PageEntry]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, page: str) -> PageEntry:
        """The entry of a page id; NotFoundError where there is no such page or it has no image yet."""
        now = time.monotonic()
        with self._lock:
            known = self._entries.get(page)
        if known is not None and now - known[0] < self._lifetime:
            return known[1]
        entry = self._read(page)
        with self._lock:
            self._entries[page] = (now, entry)
            self._entries.move_to_end(page)
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)
        return entry

    def _read(self, page: str) -> PageEntry:
        query = (
            select(PageRow.document_id, CollectionRow.id, CollectionRow.groups, PageRow.image, PageRow.digest)
            .join(DocumentRow, DocumentRow.id == PageRow.document_id)
            .join(CollectionRow, CollectionRow.id == DocumentRow.collection_id)
            .where(PageRow.id == page)
        )
        with self._database.read() as session:
            row = session.execute(query).one_or_none()
        if row is None or row.image is None:
            raise NotFoundError("There is no image of this page.")
        return PageEntry(page, row.document_id, row.id, tuple(row.groups), row.image, row.digest)
