"""The catalogue: one object over the database, every method one transaction.

Errors: CatalogueError where the database fails; nothing was changed then. Threads may share a Catalogue; processes open
their own. Ids are strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra.errors import CatalogueError, UsageError
from ingest.catalogue import claims, ids, listing, lookup, reading, removal, spaces
from ingest.catalogue import status as counting
from ingest.catalogue.database import Database
from ingest.catalogue.records import (
    ClaimedPage,
    CollectionRecord,
    CollectionStatus,
    DocumentRecord,
    Draft,
    Failure,
    ListingResult,
    LivePage,
    LiveWord,
    Metadata,
    PageContext,
    PageRecord,
    SpaceRecord,
    WordRecord,
)
from ingest.catalogue.tables import CollectionRow, DocumentRow, PageRow, PageState, SpaceState
from ingest.sources.source import PageRef, SourceInfo

_BATCH = 200
_LONGEST_NAME = 255


class Catalogue:
    """Opens the database of a URL, making or upgrading its tables as needed."""

    def __init__(self, url: str) -> None:
        self._db = Database(url)

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all connections; the next call opens new ones."""
        self._db.close()

    @property
    def database(self) -> Database:
        """For `QueuedWork` and `Schedules`, which keep their tables beside these."""
        return self._db

    # Collections

    def add_collection(self, name: str) -> CollectionRecord:
        """The collection of that name, made where there is none. Raises UsageError for a name that cannot be one."""
        if not name.strip() or len(name) > _LONGEST_NAME or name != listing.clean(name):
            raise UsageError(f"A collection needs a name of 1 to {_LONGEST_NAME} printable characters.")
        found = self.collection(name)
        if found is not None:
            return found
        try:
            with self._db.write() as session:
                row = CollectionRow(id=ids.collection_id(name), name=name, paused=False, groups=[])
                session.add(row)
                session.flush()
                return reading.collection_record(row)
        except CatalogueError:
            found = self.collection(name)  # another process was first
            if found is None:
                raise
            return found

    def collections(self) -> list[CollectionRecord]:
        """All collections, by name."""
        with self._db.read() as session:
            rows = session.scalars(select(CollectionRow).order_by(CollectionRow.name))
            return [reading.collection_record(row) for row in rows]

    def collection(self, name: str) -> CollectionRecord | None:
        """The collection of that name."""
        with self._db.read() as session:
            row = _collection(session, name)
            return reading.collection_record(row) if row is not None else None

    def set_paused(self, collection: str, paused: bool) -> None:
        """Stop, or resume, taking up pages of the collection of that id."""
        with self._db.write() as session:
            session.get_one(CollectionRow, collection).paused = paused

    def set_groups(self, collection: str, groups: Sequence[str]) -> None:
        """Who may see the collection of that id; empty: everyone who may use the service."""
        with self._db.write() as session:
            session.get_one(CollectionRow, collection).groups = list(groups)

    # Documents and pages

    def list_document(
        self,
        collection: str,
        info: SourceInfo,
        pages: Sequence[PageRef],
        *,
        base_url: str,
        metadata: Metadata | None = None,
    ) -> ListingResult:
        """Record a document of the collection of that id; pages with new or changed content wait to be worked on.

        `metadata` is added to the document's own and wins over it. `base_url` begins the canvas ids of pages without.
        """
        with self._db.write() as session:
            return listing.list_document(session, collection, info, pages, base_url, metadata or {})

    def fail_document(self, collection: str, uri: str, error: str, reason: str) -> str:
        """Record an input that could not be opened or listed; returns its document id."""
        with self._db.write() as session:
            return listing.fail_document(session, collection, uri, error, reason)

    def forget_unlisted(self, collection: str, uris: Sequence[str]) -> None:
        """Forget failures of inputs that never were a document, before they are tried again."""
        with self._db.write() as session:
            listing.forget_unlisted(session, collection, uris)

    def document(self, document: str) -> DocumentRecord | None:
        """The document of that id."""
        with self._db.read() as session:
            row = session.get(DocumentRow, document)
            return reading.document_record(row) if row is not None else None

    def documents(self, collection: str | None = None, offset: int = 0, limit: int = 1000) -> list[DocumentRecord]:
        """Documents in the order they were added; of the collection of that id, or of all."""
        with self._db.read() as session:
            return reading.documents(session, collection, offset, limit)

    def find_documents(self, text: str, collection: str | None = None) -> list[DocumentRecord]:
        """Documents whose id, URI, manifest id or label is exactly `text`."""
        with self._db.read() as session:
            return reading.find_documents(session, text, collection)

    def page(self, page: str) -> PageRecord | None:
        """The page of that id."""
        with self._db.read() as session:
            row = session.get(PageRow, page)
            return reading.page_record(row) if row is not None else None

    def pages(self, document: str, offset: int = 0, limit: int = 1000) -> list[PageRecord]:
        """Pages of a document in order."""
        with self._db.read() as session:
            return reading.pages(session, document, offset, limit)

    def pages_by_canvas(self, canvas: str) -> list[PageRecord]:
        """The pages with that canvas id; more than one where several collections hold it."""
        with self._db.read() as session:
            return reading.pages_by_canvas(session, canvas)

    # Words

    def live_words(self, words: Sequence[str]) -> dict[str, LiveWord]:
        """Word id -> the word and where it is kept. Ids that are not live are absent."""
        with self._db.read() as session:
            return lookup.live_words(session, words)

    def page_contexts(self, pages: Sequence[str]) -> dict[str, PageContext]:
        """Page id -> the page with its document and collection. Pages that are being removed are absent."""
        with self._db.read() as session:
            return lookup.page_contexts(session, pages)

    def document_contexts(self, documents: Sequence[str]) -> dict[str, tuple[DocumentRecord, CollectionRecord]]:
        """Document id -> the document and its collection. Documents that are being removed are absent."""
        with self._db.read() as session:
            return lookup.document_contexts(session, documents)

    def words_on_lines(self, lines: Iterable[tuple[str, int]]) -> list[WordRecord]:
        """The live words of the lines given as (page id, line number), in no order."""
        with self._db.read() as session:
            return lookup.words_on_lines(session, lines)

    def page_words(self, page: str) -> list[WordRecord]:
        """The live words of a page in reading order."""
        with self._db.read() as session:
            return reading.page_words(session, page)

    def line_words(self, page: str, line: int) -> list[WordRecord]:
        """The live words of one line of a page in reading order."""
        with self._db.read() as session:
            return reading.page_words(session, page, line)

    def live_page(self, page: str) -> LivePage | None:
        """A page with its live words and what their points carry; None where it has none."""
        with self._db.read() as session:
            return reading.live_page(session, page)

    def live_pages(self, document: str | None = None) -> Iterator[str]:
        """Ids of the pages that have words, in order of id; read in steps, so that others may write meanwhile."""
        after = ""
        while True:
            with self._db.read() as session:
                found = reading.live_page_batch(session, document, after, _BATCH)
            yield from found
            if len(found) < _BATCH:
                return
            after = found[-1]

    # Work on pages

    def documents_with_work(self, collection: str | None = None) -> list[str]:
        """Ids of documents with waiting pages that may be claimed, oldest first."""
        with self._db.read() as session:
            return reading.documents_with_work(session, collection)

    def count_waiting(self, documents: Sequence[str]) -> int:
        """How many pages of these documents wait."""
        with self._db.read() as session:
            return reading.count_waiting(session, documents)

    def claim_pages(self, worker: str, limit: int, documents: Sequence[str]) -> list[ClaimedPage]:
        """Take up to `limit` waiting pages of these documents, in order; their attempts are counted now."""
        with self._db.write() as session:
            return claims.claim_pages(session, worker, limit, documents)

    def claim_page(self, page: str, worker: str, *, takeover: bool = False) -> ClaimedPage | None:
        """Take up one page; None where it is not waiting or may not be worked on, or has used up its attempts.

        `takeover` also takes a RUNNING page, whose earlier claim is void from then on: for a task delivered again.
        """
        with self._db.write() as session:
            return claims.claim_page(session, page, worker, takeover)

    def holds_claim(self, page: str, claim: int) -> bool:
        """Whether that claim may still write; ask before anything that others see."""
        with self._db.read() as session:
            query = select(PageRow.id).where(PageRow.id == page, PageRow.claim == claim)
            return session.scalar(query.where(PageRow.state == PageState.RUNNING)) is not None

    def save_draft(self, page: str, claim: int, draft: Draft) -> bool:
        """Keep what segmentation found until the vectors are written. False where the claim was lost."""
        with self._db.write() as session:
            return claims.save_draft(session, page, claim, draft)

    def load_draft(self, page: str, claim: int) -> Draft | None:
        """The draft that claim saved."""
        with self._db.read() as session:
            return claims.load_draft(session, page, claim)

    def finish_page(self, page: str, claim: int, draft: Draft, space: str) -> bool:
        """Make the draft the live generation, in one step; its vectors are in the index of `space` already.

        False, and the old generation stays, where the claim was lost or `space` is no longer the live one.
        """
        with self._db.write() as session:
            return claims.finish_page(session, page, claim, draft, space)

    def fail_page(self, page: str, claim: int, error: str, reason: str, *, final: bool) -> PageState | None:
        """FAILED where `final` or after the third attempt, else WAITING again; None where the claim was lost."""
        with self._db.write() as session:
            return claims.fail_page(session, page, claim, error, reason, final)

    def release_pages(self, pages: Sequence[tuple[str, int]]) -> None:
        """Give (page id, claim) back unworked: they wait again and the attempt is not counted."""
        with self._db.write() as session:
            claims.release_pages(session, pages)

    def recover(self, worker: str | None = None) -> int:
        """Pages left RUNNING under that worker name (None: any) by a run that is known to be dead wait again."""
        with self._db.write() as session:
            return claims.recover(session, worker)

    def retry_failed(self, collection: str | None = None, document: str | None = None) -> int:
        """Failed pages (of the collection or document of that id) wait again with all attempts; returns how many."""
        with self._db.write() as session:
            return claims.retry_failed(session, collection, document)

    def requeue_other_segmenter(self, segmenter: str, collection: str | None = None) -> int:
        """Pages segmented by another version wait for a new generation; the old serves on. Returns how many."""
        with self._db.write() as session:
            return claims.requeue_other_segmenter(session, segmenter, collection)

    def requeue_page(self, page: str) -> None:
        """One page waits for a new generation, read from its source again; the old serves on."""
        with self._db.write() as session:
            claims.requeue_page(session, page)

    # Deleting what is no longer live

    def stale_pages(self, limit: int = _BATCH) -> list[str]:
        """Pages at rest that may have vectors or images of earlier generations or claims."""
        with self._db.read() as session:
            return removal.stale_pages(session, limit)

    def clear_stale(self, page: str, claim: int) -> bool:
        """Record that nothing old is left of the page. False, and it is redone, where it was claimed meanwhile."""
        with self._db.write() as session:
            return removal.clear_stale(session, page, claim)

    def mark_stale(self, page: str) -> None:
        """Record that a lost claim may have written vectors."""
        with self._db.write() as session:
            removal.mark_stale(session, page)

    def begin_removal(self, document: str) -> None:
        """Hide a document and stop all work on it; delete its vectors and images next, then `forget_document`."""
        with self._db.write() as session:
            removal.begin_document(session, document)

    def documents_being_removed(self) -> list[str]:
        """Ids of documents whose removal began and did not end."""
        with self._db.read() as session:
            return removal.documents_being_removed(session)

    def forget_document(self, document: str) -> None:
        """Delete the rows of a document whose vectors and images are gone."""
        with self._db.write() as session:
            removal.forget_document(session, document)

    def forget_collection(self, collection: str) -> bool:
        """Delete the collection of that id; False where it still has documents."""
        with self._db.write() as session:
            return removal.forget_collection(session, collection)

    def pages_being_removed(self, limit: int = _BATCH) -> list[tuple[str, str, int]]:
        """(page id, document id, number) of pages that left a document which stays."""
        with self._db.read() as session:
            return removal.pages_being_removed(session, limit)

    def forget_page(self, page: str) -> None:
        """Delete the row of a removed page whose vectors and image are gone."""
        with self._db.write() as session:
            removal.forget_page(session, page)

    def documents_to_refresh(self) -> list[str]:
        """Ids of documents whose points still carry old metadata."""
        with self._db.read() as session:
            return list(session.scalars(select(DocumentRow.id).where(DocumentRow.refresh.is_(True))))

    def clear_refresh(self, document: str, details: Metadata) -> None:
        """Record that the points carry these details; nothing where they changed again meanwhile."""
        with self._db.write() as session:
            row = session.get(DocumentRow, document, with_for_update=True)
            if row is not None and row.details == details:
                row.refresh = False

    # Reports

    def status(self, collection: str | None = None) -> list[CollectionStatus]:
        """How far each collection is, by name; of the collection of that id, or of all."""
        with self._db.read() as session:
            return counting.status(session, collection)

    def sizes(self, documents: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Id -> (pages, words) of these documents; those without pages are left out."""
        with self._db.read() as session:
            return counting.sizes(session, documents)

    def states(self, documents: Sequence[str]) -> dict[str, dict[str, int]]:
        """Id -> state -> pages, of these documents; what has none is left out."""
        with self._db.read() as session:
            return counting.states(session, documents)

    def failures(self, collection: str | None = None, documents: Sequence[str] | None = None) -> list[Failure]:
        """Failed documents and pages; of the collection of that id, of these documents, or of all."""
        with self._db.read() as session:
            return counting.failures(session, collection, documents)

    # Embedding spaces

    def use_space(self, key: str, model: str, digest: str, dimension: int) -> None:
        """Make sure this space is the live one; the first to be used becomes it. Raises ModelError for another."""
        with self._db.write() as session:
            spaces.use_space(session, key, model, digest, dimension)

    def live_space(self) -> SpaceRecord | None:
        """The space that answers queries; None before anything was indexed."""
        with self._db.read() as session:
            return spaces.space_in(session, SpaceState.LIVE)

    def all_spaces(self) -> list[SpaceRecord]:
        """Every space that has, or may still have, an index."""
        with self._db.read() as session:
            return spaces.all_spaces(session)

    def begin_building(self, key: str, model: str, digest: str, dimension: int) -> bool:
        """Start, or go on with, building a space beside the live one. False where it is the live one already."""
        with self._db.write() as session:
            return spaces.begin_building(session, key, model, digest, dimension)

    def pages_to_build(self, key: str, after: str = "", limit: int = _BATCH) -> list[str]:
        """Ids, in order and after `after`, of pages whose live words are not yet in the space being built."""
        with self._db.read() as session:
            return spaces.pages_to_build(session, key, after, limit)

    def count_to_build(self, key: str) -> int:
        """How many pages are missing in the space being built."""
        with self._db.read() as session:
            return spaces.count_to_build(session, key)

    def mark_built(self, page: str, generation: int, key: str) -> bool:
        """The page's words of that generation are in the space being built. False where the page moved on."""
        with self._db.write() as session:
            return spaces.mark_built(session, page, generation, key)

    def switch_space(self, key: str) -> bool:
        """Make the space being built the live one, in one step. False where pages are still missing in it."""
        with self._db.write() as session:
            return spaces.switch_space(session, key)

    def forget_space(self, key: str) -> None:
        """Delete the record of a retired space whose index is gone."""
        with self._db.write() as session:
            spaces.forget_space(session, key)


def _collection(session: Session, name: str) -> CollectionRow | None:
    return session.scalars(select(CollectionRow).where(CollectionRow.name == name)).first()
