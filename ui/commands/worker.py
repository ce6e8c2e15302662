"""`manuspect worker`, and what a person does to work that goes on: pause, resume, cancel, watch."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.errors import UsageError
from ui.commands.opening import known_collection, open_context, open_settings
from ui.commands.showing import print_json

_Collection = Annotated[str, typer.Argument(metavar="COLLECTION", help="Name of the collection.")]


def worker(
    queue: Annotated[str, typer.Option("--queue", "-q", help="cpu: read and segment; gpu: embed.")] = "",
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=0, help="Processes (cpu) or pages at once (gpu); 0: as fits.")
    ] = 0,
    beat: Annotated[bool, typer.Option("--beat", help="Keep time instead: schedules, and work that got lost.")] = False,
) -> None:
    """Work for the broker of MANUSPECT_BROKER_URL until told to end; what was begun is finished first."""
    if beat == bool(queue):
        raise UsageError("Say either --queue cpu, --queue gpu, or --beat.")
    if queue not in ("", "cpu", "gpu"):
        raise UsageError(f"There is no queue {queue!r}: it is cpu or gpu.")
    settings = open_settings()
    from workers.worker import run_beat, run_worker

    if beat:
        run_beat(settings)
    else:
        run_worker(settings, queue, concurrency)


def pause(collection: _Collection) -> None:
    """Take up no more pages of a collection; those under way are finished."""
    with open_context() as context:
        context.catalogue.set_paused(known_collection(context, collection).id, True)
    print(f"{collection} is paused.")


def resume(collection: _Collection) -> None:
    """Go on with a paused collection."""
    with open_context() as context:
        context.catalogue.set_paused(known_collection(context, collection).id, False)
    print(f"{collection} goes on.")


def cancel(collection: _Collection) -> None:
    """Give up what waits in a collection. What is indexed stays; `manuspect retry` takes the rest up again."""
    with open_context() as context:
        from ingest.catalogue.queued import QueuedWork

        given_up = QueuedWork(context.catalogue).cancel(known_collection(context, collection).id)
    print(f"{given_up} given up in {collection}.")


def watch(
    places: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH|URL]...", help="Folders or IIIF collections.")
    ] = None,
    collection: Annotated[str, typer.Option("--collection", "-c", help="Where what is found goes.")] = "default",
    remove: Annotated[bool, typer.Option("--remove", help="Watch these no more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a watched place.")] = False,
) -> None:
    """Have workers look through places again and again for what is new or changed. Without places: list them."""
    with open_context() as context:
        from ingest.catalogue.schedules import Schedules
        from workers.inputs import identity

        schedules = Schedules(context.catalogue)
        for place in places or []:
            if remove:
                if not schedules.unwatch(known_collection(context, collection).id, identity(place)):
                    raise UsageError(f"{place} is not watched for {collection}.")
            else:
                schedules.watch(context.catalogue.add_collection(collection).id, identity(place), {})
        names = {found.id: found.name for found in context.catalogue.collections()}
        for found in schedules.watches():
            seen = found.seen.isoformat(timespec="seconds") if found.seen else None
            name = names.get(found.collection_id, "")
            if as_json:
                print_json({"collection": name, "input": found.uri, "seen": seen, "error": found.error})
            else:
                print(f"{name}: {found.uri}: {found.error or (f'seen {seen}' if seen else 'not yet seen')}")
