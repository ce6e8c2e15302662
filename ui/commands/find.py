"""`manuspect search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

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
from ui.commands.showing import print_json

if TYPE_CHECKING:
    from search.engine.hits import Result


def search(
    text: Text = None,
    image: Image = None,
    crop: Crop = None,
    like: Like = None,
    unlike: Unlike = None,
    collection: Collections = None,
    document: Documents = None,
    pages: Pages = None,
    metadata: Metadata = None,
    least: LeastConfidence = 0.0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most hits.")] = 10,
    offset: Annotated[int, typer.Option("--offset", min=0, help="Hits to skip.")] = 0,
    after: Annotated[str | None, typer.Option("--after", help="Go on after this place: `next` of a summary.")] = None,
    sort: Annotated[
        Literal["confidence", "place"], typer.Option("--sort", help="The surest first, or as one would read.")
    ] = "confidence",
    group: Annotated[
        Literal["page", "document"] | None, typer.Option("--group", help="Only the best hit of each page or document.")
    ] = None,
    count_above: Annotated[
        float, typer.Option("--count-above", min=0.0, max=1.0, help="Confidence above which hits are counted.")
    ] = 0.5,
    facet: Annotated[
        list[str] | None,
        typer.Option("--facet", help="Count by collection, document, page or a key of the metadata; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a hit.")] = False,
    summary: Annotated[
        bool, typer.Option("--summary", help="With --json, an object about all hits at the end.")
    ] = False,
) -> None:
    """Find where a word is written: by its spelling, by a picture of it, or by pointing at one."""
    from dataclasses import replace

    with open_context() as context:
        where = build_where(context, collection, document, pages, metadata)
        query = build_query(context, text, images=image, crops=crop, like=like, unlike=unlike, where=where, least=least)
        part = replace(query, limit=limit, offset=offset, after=after, sort=sort, group=group)
        from search.engine.find import find
        from ui.asking import open_engine

        result = find(open_engine(context), replace(part, facets=tuple(facet or ()), total_above=count_above))
    if as_json:
        for hit in result.hits:
            print_json(hit.to_json())
        if summary or facet:
            print_json(_summary(result))
    else:
        _print_table(result, offset)


def _summary(result: Result) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "total": asdict(result.total),
        "facets": result.facets,
        "next": result.next,
        "calibrated": result.calibrated,
        "milliseconds": {stage: round(spent, 1) for stage, spent in asdict(result.timing).items()},
    }


def _print_table(result: Result, offset: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grouped = any(hit.more for hit in result.hits)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("", "confidence", "score"):
        table.add_column(name, justify="right")
    for name in ("collection", "document", "page", "xywh"):
        table.add_column(name, overflow="fold")
    if grouped:
        table.add_column("more", justify="right")
    for number, hit in enumerate(result.hits, offset + 1):
        place = [hit.collection.name, hit.document.label, hit.page.label, hit.region.xywh]
        more = [str(hit.more)] if grouped else []
        table.add_row(str(number), f"{hit.confidence:.2f}", f"{hit.score:.3f}", *map(Text, place), *more)
    if result.hits:
        Console().print(table)
    for facet, counts in result.facets.items():
        print(f"{facet}: {', '.join(f'{value} {count}' for value, count in counts.items()) or 'none'}")
    about = "" if result.total.exact else "at least "
    print(
        f"{about}{result.total.hits} hits above confidence {result.total.above:g} on {result.total.pages} pages, "
        f"{result.timing.total:.0f} ms"
    )
    if not result.calibrated:
        print("The confidences come from a general rule, as none were fitted for this model.")
