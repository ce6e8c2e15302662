"""Listing a document: what of it is new, changed, unchanged or gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from infra.errors import CatalogueError
from ingest.catalogue import ids
from ingest.catalogue.records import ListingResult, Metadata
from ingest.catalogue.tables import DocumentRow, DocumentState, DraftRow, PageRow, PageState, WordRow, now
from ingest.sources.source import PageRef, SourceInfo


def list_document(
    session: Session,
    collection: str,
    info: SourceInfo,
    refs: Sequence[PageRef],
    base_url: str,
    metadata: Metadata,
) -> ListingResult:
    """Record a document and its pages; only pages whose content is new or changed become WAITING."""
    key = ids.document_id(collection, clean(info.uri))
    row = session.get(DocumentRow, key, with_for_update=True)
    if row is None:
        return _create(session, key, collection, info, refs, base_url, metadata)
    if row.state == DocumentState.REMOVING:
        raise CatalogueError(f"{row.uri} is being removed. Try again when that is done.")
    _describe(session, row, info, metadata)
    if _is_as_before(session, row, info, refs, base_url):
        return ListingResult(key, row.label, created=False, unchanged=len(refs))
    result = _update_pages(session, row, info, refs, base_url)
    row.digest, row.state, row.error, row.reason = ids.stored_digest(info.digest), DocumentState.LISTED, None, None
    row.updated = now()
    return result


def fail_document(session: Session, collection: str, uri: str, error: str, reason: str) -> str:
    """Record an input that could not be opened or listed; pages it had before stay searchable. Returns its id."""
    key = ids.document_id(collection, clean(uri))
    row = session.get(DocumentRow, key, with_for_update=True)
    if row is None:
        row = DocumentRow(id=key, collection_id=collection, uri=clean(uri), kind="", label=clean(uri), digest="")
        row.details = {}
        session.add(row)
    if row.state != DocumentState.REMOVING:
        row.state, row.error, row.reason, row.updated = DocumentState.FAILED, error, clean(reason), now()
    return key


def forget_unlisted(session: Session, collection: str, uris: Sequence[str]) -> None:
    """Delete the rows of inputs that failed before they were known to be a document."""
    for uri in uris:
        row = session.get(DocumentRow, ids.document_id(collection, clean(uri)))
        if row is not None and row.state == DocumentState.FAILED and not row.kind:
            session.delete(row)


def clean(text: str) -> str:
    """Text that every database stores: no NUL, and file names that are not UTF-8 with their odd bytes spelt out."""
    return text.replace("\x00", "").encode("utf-8", "backslashreplace").decode("utf-8")


def _create(
    session: Session,
    key: str,
    collection: str,
    info: SourceInfo,
    refs: Sequence[PageRef],
    base_url: str,
    metadata: Metadata,
) -> ListingResult:
    row = DocumentRow(
        id=key,
        collection_id=collection,
        uri=clean(info.uri),
        kind=info.kind,
        label=clean(info.label),
        digest=ids.stored_digest(info.digest),
        manifest=info.manifest,
        details=_clean_details({**info.metadata, **metadata}),
        state=DocumentState.LISTED,
    )
    session.add(row)
    session.flush()
    _insert_pages(session, row, info, refs, base_url)
    return ListingResult(key, row.label, created=True, new=len(refs))


def _insert_pages(session: Session, row: DocumentRow, info: SourceInfo, refs: Sequence[PageRef], base_url: str) -> None:
    if refs:
        session.execute(insert(PageRow), [_page_values(row.id, info, ref, base_url) for ref in refs])


def _page_values(document: str, info: SourceInfo, ref: PageRef, base_url: str) -> dict[str, Any]:
    return {
        "id": ids.page_id(document, ref.number),
        "document_id": document,
        "number": ref.number,
        "label": clean(ref.label),
        "canvas": ref.canvas or ids.local_canvas(base_url, document, ref.number),
        "image_service": ref.image_service,
        "digest": ids.stored_digest(ref.digest or info.digest),
    }


def _describe(session: Session, row: DocumentRow, info: SourceInfo, metadata: Metadata) -> None:
    """What is known of the document; metadata given once stays until it is given anew."""
    details = _clean_details({**row.details, **info.metadata, **metadata})
    if details != row.details:
        row.details = details
        row.refresh = row.refresh or bool(
            session.scalar(select(func.count()).where(PageRow.document_id == row.id, PageRow.words > 0))
        )
    row.kind, row.label, row.manifest = info.kind, clean(info.label), info.manifest


def _clean_details(metadata: Metadata) -> dict[str, Any]:
    return {clean(key): clean(value) if isinstance(value, str) else value for key, value in metadata.items()}


def _is_as_before(session: Session, row: DocumentRow, info: SourceInfo, refs: Sequence[PageRef], base_url: str) -> bool:
    """Same content, all pages listed, and under the same canvas ids."""
    if row.state != DocumentState.LISTED or row.digest != ids.stored_digest(info.digest):
        return False
    present = PageRow.document_id == row.id, PageRow.state != PageState.REMOVING
    if session.scalar(select(func.count()).where(*present)) != len(refs):
        return False
    first = session.scalar(select(PageRow.canvas).where(*present).order_by(PageRow.number).limit(1))
    return not refs or first == _page_values(row.id, info, refs[0], base_url)["canvas"]


def _update_pages(
    session: Session, row: DocumentRow, info: SourceInfo, refs: Sequence[PageRef], base_url: str
) -> ListingResult:
    known = {page.number: page for page in session.scalars(select(PageRow).where(PageRow.document_id == row.id))}
    new, changed, unchanged = [], 0, 0
    for ref in refs:
        page = known.pop(ref.number, None)
        if page is None:
            new.append(ref)
        elif _update_page(page, _page_values(row.id, info, ref, base_url)):
            changed += 1
        else:
            unchanged += 1
    _insert_pages(session, row, info, new, base_url)
    gone = [page for page in known.values() if page.state != PageState.REMOVING]
    for page in gone:
        remove_page(session, page)
    return ListingResult(row.id, row.label, False, len(new), changed, unchanged, len(gone))


def _update_page(page: PageRow, values: dict[str, Any]) -> bool:
    """True where the content changed: the page waits again, and whoever works on the old content may not finish."""
    same = page.digest == values["digest"] and page.state != PageState.REMOVING
    for name, value in values.items():
        setattr(page, name, value)
    if not same:
        wait_again(page)
    return not same


def wait_again(page: PageRow) -> None:
    """Back to WAITING with all attempts; the live generation stays until a new one is complete."""
    if page.state == PageState.RUNNING:
        page.claim += 1
    page.state, page.attempts, page.worker, page.error, page.reason = PageState.WAITING, 0, None, None, None
    page.updated = now()


def remove_page(session: Session, page: PageRow) -> None:
    """Hide a page at once; its vectors, image and row are deleted later, in steps that can be repeated."""
    session.execute(delete(WordRow).where(WordRow.page_id == page.id))
    session.execute(delete(DraftRow).where(DraftRow.page_id == page.id))
    session.execute(
        update(PageRow)
        .where(PageRow.id == page.id)
        .values(state=PageState.REMOVING, claim=PageRow.claim + 1, stale=True, words=0, updated=now())
    )
