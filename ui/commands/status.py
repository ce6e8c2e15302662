"""`manuspect status`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ui.commands.opening import known_collection, open_context
from ui.commands.showing import failure_json, print_failures, print_json


def status(
    collection: Annotated[str | None, typer.Option("--collection", "-c", help="Only this one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a collection.")] = False,
) -> None:
    """Show how far each collection is, and what failed and why."""
    with open_context() as context:
        only = known_collection(context, collection).id if collection is not None else None
        found = context.catalogue.status(only)
    if as_json:
        for one in found:
            print_json(_plain(one))
    elif found:
        _print_table(found)
        for one in found:
            print_failures(one.failures)
    else:
        print("Nothing is ingested yet.")


def _plain(one: Any) -> dict[str, Any]:
    return {
        "collection": one.name,
        "documents": one.documents,
        "pages": one.pages,
        "words": one.words,
        "states": dict(one.by_state),
        "paused": one.paused,
        "failures": [failure_json(failure) for failure in one.failures],
    }


def _print_table(found: list[Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("collection")
    numbers = ["documents", "pages", "words", "waiting", "running", "indexed", "empty", "failed"]
    for name in numbers:
        table.add_column(name, justify="right")
    for one in found:
        name = f"{one.name} (paused)" if one.paused else one.name
        states = [one.by_state[state] for state in numbers[3:]]
        table.add_row(name, *(f"{count:,}" for count in [one.documents, one.pages, one.words, *states]))
    Console().print(table)
