"""Removing documents and collections, with everything that was derived from them."""

from __future__ import annotations

from collections.abc import Sequence

from workers.cleaning import remove_document
from workers.context import Context
from workers.home_lock import home_lock


def remove(context: Context, documents: Sequence[str], collection: str | None = None) -> None:
    """Delete these documents, by id, then the collection of that id and whatever is still in it.

    Hidden at once; what a kill leaves is deleted at the start of the next run. Raises ManuspectError.
    """
    with home_lock(context.settings):
        for document in documents:
            remove_document(context, document)
        if collection is not None:
            while remaining := context.catalogue.documents(collection):
                for record in remaining:
                    remove_document(context, record.id)
            context.catalogue.forget_collection(collection)
