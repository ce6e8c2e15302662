"""`manuspect status`."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.opening import known_collection, open_context
from ui.commands.progress import show_documents, show_pages
from ui.commands.showing import failure_json, print_failures, print_json
from ui.verdict import verdict

if TYPE_CHECKING:
    from ingest.catalogue.adaptations import AdaptationRecord
    from workers.context import Context


def status(
    collection: Annotated[str | None, typer.Option("--collection", "-c", help="Only this one.")] = None,
    schedules: Annotated[
        bool, typer.Option("--schedules", help="How the workers' schedules get on, instead of collections.")
    ] = False,
    documents: Annotated[bool, typer.Option("--documents", help="Document by document.")] = False,
    document: Annotated[
        str | None, typer.Option("--document", "-d", help="The pages of this document: id, path, URL or label.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line of the table.")] = False,
) -> None:
    """Show how far each collection is, and what failed and why."""
    from ui.pace import PACE, seconds_left

    with open_context() as context:
        if schedules:
            _show_schedules(context, as_json)
            return
        only = known_collection(context, collection).id if collection is not None else None
        if documents or document is not None:
            show_documents(context, only, as_json) if document is None else show_pages(context, document, only, as_json)
            return
        found = context.catalogue.status(only)
        left = seconds_left(context.catalogue, found)
        unlisted = _unlisted(context)
        adapted = _adaptations(context)
    if as_json:
        for one in found:
            record = adapted.get(one.name)
            adaptation = record.to_json() if record is not None else None
            plain = {**_plain(one), "unlisted": unlisted.get(one.name, 0)}
            print_json({**plain, "seconds_left": left.get(one.name), "adaptation": adaptation})
    elif found:
        _print_table(found)
        for name, inputs in unlisted.items():
            if collection in (None, name):
                print(f"{name}: {inputs} more documents wait for a worker that looks how many pages they have.")
        for name, seconds in left.items():
            print(f"{name}: about {_duration(seconds)} left, at the pace of the last {PACE.seconds // 60} minutes.")
        for one in found:
            if one.name in adapted:
                print(f"{one.name}: adaptation: {verdict(adapted[one.name])}")
        for one in found:
            print_failures(one.failures, sys.stdout)
    else:
        print("Nothing is ingested yet.")


def _unlisted(context: Context) -> dict[str, int]:
    """Collection -> documents that were handed to workers, whose pages are not known yet."""
    from ingest.catalogue.queued import QueuedWork

    inputs = QueuedWork(context.catalogue).inputs_by_collection()
    return {found.name: inputs[found.id] for found in context.catalogue.collections() if found.id in inputs}


def _adaptations(context: Context) -> dict[str, AdaptationRecord]:
    """Collection -> the last attempt to adapt the model to it."""
    from ingest.catalogue.adaptations import Adaptations

    names = {collection.id: collection.name for collection in context.catalogue.collections()}
    return {names[key]: record for key, record in Adaptations(context.catalogue).latest().items()}


def _duration(seconds: int) -> str:
    return str(timedelta(seconds=seconds))


def _show_schedules(context: Context, as_json: bool) -> None:
    from ingest.catalogue.schedules import Schedules

    for name, record in Schedules(context.catalogue).all().items():
        last = record.succeeded.isoformat(timespec="seconds") if record.succeeded else None
        if as_json:
            print_json({"schedule": name, "last_success": last, "running_on": record.holder, "error": record.error})
        else:
            running = f", runs on {record.holder}" if record.holder else ""
            failed = f", failed: {record.error}" if record.error else ""
            print(f"{name}: last success {last or 'never'}{running}{failed}")


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
