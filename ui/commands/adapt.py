"""`manuspect adapt`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.errors import UsageError
from ui.commands.opening import known_collection, open_context
from ui.commands.showing import page_progress, print_json
from ui.verdict import verdict


def adapt(
    collection: Annotated[str, typer.Option("--collection", "-c", help="Whose hand is learned.")],
    languages: Annotated[
        str, typer.Option("--languages", metavar="CODES", help="Of the collection, as fr,es; guessed unless given.")
    ] = "",
    words: Annotated[
        Path | None, typer.Option("--words", metavar="FILE", help="A list of words of your own instead, as text.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", metavar="FILE", help="What you know of some words, as CSV: word_id, text, right."),
    ] = None,
    lines: Annotated[
        Path | None,
        typer.Option("--lines", metavar="FILE", help="What you know of some lines, as CSV: word_id, text."),
    ] = None,
    minutes: Annotated[float, typer.Option("--minutes", min=0.1, help="Time to learn in.")] = 15.0,
    back: Annotated[
        bool, typer.Option("--back", help="Let the model that all collections share answer again.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="How it ended, as one JSON object.")] = False,
) -> None:
    """Learn the hand of a collection from its pages alone, without any transcription.

    The adapted model takes over for this collection only where it is surely better on words kept aside; search goes on
    meanwhile. Stopped in between, the next run carries on.
    """
    with open_context() as context:
        found = known_collection(context, collection)
        if not sum(one.words for one in context.catalogue.status(found.id)):
            raise UsageError(f"Nothing is indexed in {collection!r} yet.")
        if back:
            from workers.adapt import back as go_back

            _tell_back(collection, go_back(context, found.id), as_json)
            return
        from workers.adapt_options import AdaptOptions
        from workers.jobs import open_jobs

        options = AdaptOptions.of(languages, words, minutes, labels, lines)
        with page_progress("Adapting") as follow:
            record = open_jobs(context).adapt(found.id, options, follow)
    if as_json:
        print_json({"collection": collection, **record.to_json()})
    else:
        print(f"{collection}: {verdict(record)}")


def _tell_back(collection: str, changed: bool, as_json: bool) -> None:
    if as_json:
        print_json({"collection": collection, "changed": changed})
    else:
        print(f"{collection}: the shared model answers{' again' if changed else ', as it did'}.")
