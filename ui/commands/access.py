"""`manuspect access`."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.errors import UsageError
from ui.commands.opening import known_collection, open_context
from ui.commands.showing import print_json


def access(
    collection: Annotated[str, typer.Argument(metavar="COLLECTION", help="Name of the collection.")],
    groups: Annotated[list[str] | None, typer.Argument(metavar="[GROUP]...", help="Who may see it.")] = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="Open it to everyone who may sign in.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Who may see it, as one JSON object.")] = False,
) -> None:
    """Say which groups may see a collection, where people sign in. Without groups: show them.

    A collection that is not there yet is made, so that it can be closed before its first page comes in.
    """
    with open_context() as context:
        if groups and everyone:
            raise UsageError("Either groups or --everyone.")
        if groups or everyone:
            context.catalogue.set_groups(context.catalogue.add_collection(collection).id, groups or [])
        now = known_collection(context, collection).groups
    if as_json:
        print_json({"collection": collection, "groups": list(now)})
    else:
        print(f"{collection} is open to {', '.join(now) or 'everyone'}.")
