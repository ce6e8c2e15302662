"""`manuspect reindex`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ui.commands.opening import known_collection, open_context
from ui.commands.showing import ingest_json, page_progress, print_failures, print_json


def reindex(
    collection: Annotated[
        str | None, typer.Option("--collection", "-c", help="Look for words anew only here; the model is one for all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was done, as one JSON object.")] = False,
) -> int:
    """Bring everything up to the present model and segmenter, while the old answers serve on.

    After MANUSPECT_MODEL was changed, every word is embedded anew beside the live index, which is then replaced in one
    step. Vectors that are missing in the index are made again.
    """
    with open_context() as context:
        if collection is not None:
            known_collection(context, collection)
        from workers.jobs import open_jobs

        with page_progress("Re-indexing") as follow:
            report = open_jobs(context).reindex(collection, follow)
    failures = report.pages.failures if report.pages is not None else ()
    if as_json:
        pages = ingest_json(report.pages) if report.pages is not None else None
        done = {"embedded": report.embedded, "unreadable": report.unreadable, "segmented": report.segmented}
        print_json({"model": report.model, "switched": report.switched, **done, "pages": pages})
    else:
        print(
            f"{report.embedded} pages embedded anew, {report.segmented} looked at again, in {report.seconds:.1f} s"
            + (f"; now answered by {report.model}." if report.switched else ".")
        )
        print_failures(failures, sys.stderr)
    return 3 if failures else 0
