"""`manuspect rm`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from infra.errors import UsageError
from ui.commands.opening import known_collection, known_document, open_context
from ui.commands.showing import print_json


def rm(
    collection: Annotated[str, typer.Argument(metavar="COLLECTION", help="Name of the collection.")],
    document: Annotated[
        str | None,
        typer.Option("--document", "-d", help="Only this document of it: id, path, URL or label."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="What was removed, as one JSON object.")] = False,
) -> None:
    """Remove a collection, or one document of it, with its words, vectors and page images. Your files stay."""
    with open_context() as context:
        found = known_collection(context, collection)
        [counts] = context.catalogue.status(found.id)
        chosen = known_document(context, document, found.id) if document is not None else None
        what = f"document {document} of {collection}" if chosen else f"{collection} with {counts.pages} pages"
        if not yes:
            if not sys.stdin.isatty():
                raise UsageError(f"This would remove {what}. Say --yes.")
            typer.confirm(f"Remove {what}?", abort=True)
        from workers.jobs import open_jobs

        if chosen is not None:
            open_jobs(context).remove([chosen])
        else:
            open_jobs(context).remove([], found.id)
    if as_json:
        print_json({"removed": what, "collection": collection, "document": chosen})
    else:
        print(f"Removed {what}.")
