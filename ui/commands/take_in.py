"""`manuspect ingest`."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.errors import UsageError
from ui.commands.opening import open_context
from ui.commands.showing import ingest_json, page_progress, print_ingest, print_json
from ui.details import parse_detail


def ingest(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="PATH|URL...", help="Files, folders, or URLs of IIIF manifests and collections."),
    ],
    collection: Annotated[
        str, typer.Option("--collection", "-c", help="Where they go; made if it is new.")
    ] = "default",
    metadata: Annotated[
        list[str] | None,
        typer.Option("--metadata", "-m", metavar="KEY=VALUE", help="Recorded with every document, to search by."),
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="With a broker: return once the work is recorded.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> int:
    """Make scans searchable: only what is new or changed is worked on.

    Exit code 3 where some inputs failed; the others are indexed, and each failure is named with its reason.
    """
    if not collection.strip():
        raise UsageError("--collection needs a name.")
    details = tuple(map(parse_detail, metadata or []))
    with open_context() as context:
        from workers.jobs import open_jobs
        from workers.pipeline import IngestRequest

        request = IngestRequest(tuple(inputs), collection, details)
        with page_progress("Ingesting") as follow:
            report = open_jobs(context, wait=not no_wait).ingest(request, follow)
    if as_json:
        print_json(ingest_json(report))
    else:
        print_ingest(report)
    return 3 if report.failures else 0
