"""`manuspect retry`."""

from __future__ import annotations

from typing import Annotated

import typer

from ui.commands.opening import known_collection, open_context
from ui.commands.showing import ingest_json, page_progress, print_ingest, print_json


def retry(
    collection: Annotated[str | None, typer.Option("--collection", "-c", help="Only this one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> int:
    """Try again what failed, and carry on with what was left waiting."""
    with open_context() as context:
        if collection is not None:
            known_collection(context, collection)
        from workers.jobs import open_jobs

        with page_progress("Trying again") as follow:
            report = open_jobs(context).retry(collection, follow)
    if as_json:
        print_json(ingest_json(report))
    else:
        print_ingest(report)
    return 3 if report.failures else 0
