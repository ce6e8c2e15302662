"""Deleting what is no longer live: vectors and images of old generations, lost claims, removed pages and documents.

What to keep is asked of the catalogue, so every step may be repeated, and may be cut short anywhere.
"""

from __future__ import annotations

from uuid import UUID

from ingest.catalogue import PageState, ids
from workers.context import Context


def tidy(context: Context) -> None:
    """Finish what a run that died had begun to delete."""
    for document in context.catalogue.documents_being_removed():
        remove_document(context, document)
    while pages := context.catalogue.pages_being_removed():
        for page, document, number in pages:
            _delete_points(context, page)
            context.files.delete_prefix(f"{document}/{number}")
            context.catalogue.forget_page(page)
    while stale := context.catalogue.stale_pages():
        for page in stale:
            clean_page(context, page)


def clean_page(context: Context, page_id: str) -> None:
    """Delete the vectors and images of a page at rest that its live generation does not own."""
    page = context.catalogue.page(page_id)
    if page is None or page.state in (PageState.RUNNING, PageState.REMOVING):
        return
    delete_dead_points(context, page_id)
    keep = {page.image, ids.image_key(page.document_id, page.number, page.digest)}
    for key in context.files.list(f"{page.document_id}/{page.number}"):
        if key not in keep:
            context.files.delete(key)
    context.catalogue.clear_stale(page_id, page.claim)


def delete_dead_points(context: Context, page_id: str) -> None:
    """Delete a page's points that are none of its live words, in every index."""
    from search.index.vector_index import IndexFilter

    for index in context.all_indexes():
        found = set(index.ids(IndexFilter(pages=(page_id,))))
        live = {UUID(word.id) for word in context.catalogue.page_words(page_id)}
        index.delete_ids(sorted(found - live))


def remove_document(context: Context, document: str) -> None:
    """Hide the document with that id, then delete all of it: vectors, images, rows."""
    from search.index.vector_index import IndexFilter

    context.catalogue.begin_removal(document)
    for index in context.all_indexes():
        index.delete(IndexFilter(documents=(document,)))
    context.files.delete_prefix(document)
    context.catalogue.forget_document(document)


def _delete_points(context: Context, page: str) -> None:
    from search.index.vector_index import IndexFilter

    for index in context.all_indexes():
        index.delete(IndexFilter(pages=(page,)))
