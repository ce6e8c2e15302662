"""`manuspect search`, and the options that it shares with `export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.errors import UsageError
from ui.commands.opening import known_collection, known_document, open_context
from ui.commands.showing import print_json

if TYPE_CHECKING:
    from search.engine.hits import Result
    from search.engine.query import CropExample, Example, Query, RegionExample
    from workers.context import Context

Text = Annotated[
    str | None,
    typer.Argument(
        help='Words as written; "a phrase", a OR b, -without, near~, =exact; ingest never reads, so spell as they did.'
    ),
]
Image = Annotated[Path | None, typer.Option("--image", help="A picture of the word that is sought.")]
Crop = Annotated[
    str | None,
    typer.Option("--crop", metavar="CANVAS#xywh=X,Y,W,H", help="A region of an indexed page, in canvas pixels."),
]
Collections = Annotated[list[str] | None, typer.Option("--collection", "-c", help="Only here; may be repeated.")]
Documents = Annotated[list[str] | None, typer.Option("--document", "-d", help="Only here: id, path, URL or label.")]
LeastConfidence = Annotated[float, typer.Option("--min-confidence", min=0.0, max=1.0, help="Leave out hits below.")]


def search(
    text: Text = None,
    image: Image = None,
    crop: Crop = None,
    collection: Collections = None,
    document: Documents = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most hits.")] = 10,
    offset: Annotated[int, typer.Option("--offset", min=0, help="Hits to skip.")] = 0,
    least: LeastConfidence = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a hit.")] = False,
) -> None:
    """Find where a word is written: by its spelling, by a picture of it, or by pointing at one."""
    from dataclasses import replace

    with open_context() as context:
        query = build_query(context, text, image, crop, collection, document, least)
        from search.engine.find import find
        from ui.asking import open_engine

        result = find(open_engine(context), replace(query, limit=limit, offset=offset))
    if as_json:
        for hit in result.hits:
            print_json(hit.to_json())
    else:
        _print_table(result, offset)


def build_query(
    context: Context,
    text: str | None,
    image: Path | None,
    crop: str | None,
    collections: list[str] | None,
    documents: list[str] | None,
    least: float,
) -> Query:
    """The question that the options ask. Raises UsageError, InputError."""
    examples: list[Example] = []
    if image is not None:
        examples.append(picture(context, image))
    if crop is not None:
        examples.append(pointed_at(context, crop))
    if not (text and text.strip()) and not examples:
        raise UsageError("Say what to look for: a word, --image FILE, or --crop CANVAS#xywh=X,Y,W,H.")
    from search.engine.query import Query, Where

    where = Where(
        collections=tuple(known_collection(context, name).id for name in collections or []),
        documents=tuple(known_document(context, name) for name in documents or []),
    )
    return Query(text=text or "", positive=tuple(examples), where=where, least_confidence=least)


def picture(context: Context, path: Path) -> CropExample:
    """The first page of an image file, as an example."""
    from ingest.sources import open_source
    from search.engine.query import CropExample

    source = open_source(str(path.absolute()), context.settings)
    try:
        pixels = source.read(source.pages()[0]).pixels
    finally:
        source.close()
    if pixels.ndim == 2:
        import numpy as np

        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    return CropExample(pixels)


def pointed_at(context: Context, crop: str) -> RegionExample:
    """`CANVAS#xywh=X,Y,W,H` as an example: the page of that canvas id."""
    from ingest.geometry import Region
    from search.engine.query import RegionExample

    canvas, separator, xywh = crop.rpartition("#xywh=")
    try:
        region = Region.parse(xywh)
    except ValueError as error:
        raise UsageError(f"--crop {crop!r} is not CANVAS#xywh=X,Y,W,H in pixels.") from error
    pages = context.catalogue.pages_by_canvas(canvas) if separator else []
    if not pages:
        raise UsageError(f"There is no page with the canvas {canvas!r}. Hits show theirs with --json.")
    return RegionExample(pages[0].id, region)


def _print_table(result: Result, offset: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("", "confidence", "score"):
        table.add_column(name, justify="right")
    for name in ("collection", "document", "page", "xywh"):
        table.add_column(name, overflow="fold")
    for number, hit in enumerate(result.hits, offset + 1):
        place = [hit.collection.name, hit.document.label, hit.page.label, hit.region.xywh]
        table.add_row(str(number), f"{hit.confidence:.2f}", f"{hit.score:.3f}", *map(Text, place))
    if result.hits:
        Console().print(table)
    about = "" if result.total.exact else "at least "
    print(
        f"{about}{result.total.hits} hits above confidence {result.total.above:g} on {result.total.pages} pages, "
        f"{result.timing.total:.0f} ms"
    )
