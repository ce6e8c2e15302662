"""`manuspect export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from infra.errors import StorageError
from ui.commands.opening import open_context
from ui.commands.question import (
    Collections,
    Crop,
    Documents,
    Image,
    LeastConfidence,
    Like,
    Metadata,
    Pages,
    Text,
    Unlike,
    build_query,
    build_where,
)


def export(
    text: Text = None,
    image: Image = None,
    crop: Crop = None,
    like: Like = None,
    unlike: Unlike = None,
    collection: Collections = None,
    document: Documents = None,
    pages: Pages = None,
    metadata: Metadata = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most hits.")] = 1000,
    least: LeastConfidence = 0.5,
    form: Annotated[
        str, typer.Option("--format", "-f", help="csv, jsonl, annotations, manifest, alto or page.")
    ] = "csv",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; for page a folder; unset: stdout.")
    ] = None,
) -> None:
    """Write the hits of a query as a file that other programs read."""
    from dataclasses import replace

    with open_context() as context:
        where = build_where(context, collection, document, pages, metadata)
        query = build_query(context, text, images=image, crops=crop, like=like, unlike=unlike, where=where, least=least)
        from search.engine.export.forms import export as write
        from search.engine.export.forms import export_files
        from search.engine.find import find
        from ui.asking import open_engine

        hits = find(open_engine(context), replace(query, limit=limit)).hits
        asked = text or "an example"
        base_url = context.settings.base_url
        if out is None:
            sys.stdout.writelines(write(hits, form, asked=asked, base_url=base_url))
        elif form == "page":
            _write_all(
                {out / name: content for name, content in export_files(hits, form, asked=asked, base_url=base_url)}
            )
        else:
            _write_all({out: "".join(write(hits, form, asked=asked, base_url=base_url))})


def _write_all(files: dict[Path, str]) -> None:
    for path, content in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error.strerror}.") from error
        print(path)
