"""What `manuspect search` and `manuspect export` let a person ask: their shared options, and the Query they make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from infra.errors import UsageError
from ui.commands.opening import known_collection, known_document

if TYPE_CHECKING:
    from search.engine.query import CropExample, Example, Query, RegionExample, Where
    from search.index.vector_index import Scalar
    from workers.context import Context

Text = Annotated[
    str | None,
    typer.Argument(
        help='Words as written; "a phrase", a OR b, -without, near~, =exact; ingest never reads, so spell as they did.'
    ),
]
Image = Annotated[
    list[Path] | None, typer.Option("--image", help="A picture of the word that is sought; may be repeated.")
]
Crop = Annotated[
    list[str] | None,
    typer.Option("--crop", metavar="CANVAS#xywh=X,Y,W,H", help="A region of an indexed page; may be repeated."),
]
Like = Annotated[
    list[str] | None,
    typer.Option("--like", metavar="EXAMPLE", help="More like this: a hit's word_id, a region as for --crop, a file."),
]
Unlike = Annotated[
    list[str] | None,
    typer.Option(
        "--unlike", metavar="EXAMPLE", help="Less like this: a hit's word_id, a region as for --crop, a file."
    ),
]
Collections = Annotated[list[str] | None, typer.Option("--collection", "-c", help="Only here; may be repeated.")]
Documents = Annotated[list[str] | None, typer.Option("--document", "-d", help="Only here: id, path, URL or label.")]
Pages = Annotated[str | None, typer.Option("--pages", metavar="FIRST-LAST", help="Only on these pages: 3-10, 3-, -10.")]
Metadata = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="KEY=VALUE", help="Only documents with this metadata: KEY=VALUE or KEY=FROM..TO."),
]
LeastConfidence = Annotated[float, typer.Option("--min-confidence", min=0.0, max=1.0, help="Leave out hits below.")]


def build_query(
    context: Context,
    text: str | None,
    *,
    images: Sequence[Path] | None,
    crops: Sequence[str] | None,
    like: Sequence[str] | None,
    unlike: Sequence[str] | None,
    where: Where,
    least: float,
) -> Query:
    """The question that the options ask. Raises UsageError, InputError."""
    positive: list[Example] = [_picture(context, image) for image in images or []]
    positive += [_pointed_at(context, crop) for crop in crops or []]
    positive += [_example(context, one) for one in like or []]
    if not (text and text.strip()) and not positive:
        raise UsageError("Say what to look for: a word, --image FILE, --crop CANVAS#xywh=X,Y,W,H or --like WORD_ID.")
    from search.engine.query import Query

    negative = tuple(_example(context, one) for one in unlike or [])
    return Query(text=text or "", positive=tuple(positive), negative=negative, where=where, least_confidence=least)


def build_where(
    context: Context,
    collections: Sequence[str] | None,
    documents: Sequence[str] | None,
    pages: str | None,
    metadata: Sequence[str] | None,
) -> Where:
    """The conditions that the options set. Raises UsageError."""
    from search.engine.query import Bound, Where

    equals: dict[str, Scalar] = {}
    ranges: dict[str, tuple[Bound, Bound]] = {}
    for condition in metadata or []:
        key, separator, value = condition.partition("=")
        if not separator or not key:
            raise UsageError(f"--where {condition!r} is not KEY=VALUE or KEY=FROM..TO.")
        if ".." in value:
            low, _, high = value.partition("..")
            ranges[key] = (low or None, high or None)
        else:
            equals[key] = value
    return Where(
        collections=tuple(known_collection(context, name).id for name in collections or []),
        documents=tuple(known_document(context, name) for name in documents or []),
        page_range=_page_range(pages),
        equals=equals,
        ranges=ranges,
    )


def _page_range(pages: str | None) -> tuple[int | None, int | None]:
    """`3-10`, `3-`, `-10` or `3`, counted from 1."""
    if pages is None:
        return None, None
    first, separator, last = pages.partition("-")
    if not all(part == "" or part.isdecimal() for part in (first, last)) or not (first or last):
        raise UsageError(f"--pages {pages!r} is not FIRST-LAST, as in 3-10, 3- or -10.")
    low, high = (int(part) if part else None for part in (first, last))
    return low, high if separator else low


def _example(context: Context, text: str) -> Example:
    """A hit by its word id, a region by its canvas, else a picture."""
    from search.engine.query import WordExample

    if "#xywh=" in text:
        return _pointed_at(context, text)
    try:
        return WordExample(str(UUID(text)))
    except ValueError:
        return _picture(context, Path(text))


def _picture(context: Context, path: Path) -> CropExample:
    """The first page of an image file."""
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


def _pointed_at(context: Context, crop: str) -> RegionExample:
    """`CANVAS#xywh=X,Y,W,H`: a region of the page of that canvas id."""
    from ingest.geometry import Region
    from search.engine.query import RegionExample

    canvas, separator, xywh = crop.rpartition("#xywh=")
    try:
        region = Region.parse(xywh)
    except ValueError as error:
        raise UsageError(f"{crop!r} is not CANVAS#xywh=X,Y,W,H in pixels.") from error
    pages = context.catalogue.pages_by_canvas(canvas) if separator else []
    if not pages:
        raise UsageError(f"There is no page with the canvas {canvas!r}. Hits show theirs with --json.")
    return RegionExample(pages[0].id, region)
