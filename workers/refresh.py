"""Bringing the points of documents up to date whose metadata changed, without the model: what it saw stays as it is."""

from __future__ import annotations

from uuid import UUID

from workers.context import Context


def refresh_metadata(context: Context) -> None:
    """Write the points of every such document again with its present metadata. May be repeated."""
    for document in context.catalogue.documents_to_refresh():
        record = context.catalogue.document(document)
        if record is None:
            continue
        for page in context.catalogue.live_pages(document):
            _refresh_page(context, page)
        context.catalogue.clear_refresh(document, record.details)


def _refresh_page(context: Context, page_id: str) -> None:
    from search.index.vector_index import Point

    live = context.catalogue.live_page(page_id)
    if live is None:
        return
    for index in context.all_indexes():
        words = [UUID(word.id) for word in live.words]
        vectors, readings = index.vectors(words), index.readings(words)
        index.upsert(
            [
                Point(
                    id=word,
                    vector=vector,
                    collection=live.collection_id,
                    document=live.page.document_id,
                    page=page_id,
                    generation=live.page.generation,
                    page_number=live.page.number,
                    metadata=live.metadata,
                    reading=readings.get(word, b""),
                )
                for word, vector in vectors.items()
            ]
        )
