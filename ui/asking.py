"""The query engine, put together from a context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from infra.errors import NotFoundError, UsageError
from ingest.geometry import Region
from ingest.sources.source import Rgb
from workers.context import Context

if TYPE_CHECKING:
    from search.engine.engine import Engine


def open_engine(context: Context) -> Engine:
    """The live index with its model, catalogue and page images as one engine.

    Raises UsageError before anything is indexed, ModelError where that model is lost.
    """
    if context.catalogue.live_space() is None:
        raise UsageError("Nothing is indexed yet. `manuspect ingest PATH` does that.")
    from search.engine.engine import Engine

    embedder = context.answering()
    return Engine(
        embedder,
        context.index(embedder.space),
        context.catalogue,
        read_region=region_reader(context),
        base_url=context.settings.base_url,
        pictures=context.settings.prompts == "picture",
        versions=_versions(context),
    )


def _versions(context: Context) -> Callable[[], Mapping[str, Engine]]:
    """The engines of the collections that have a model of their own, each opened once."""
    from search.engine.confidence import load_confidence
    from search.engine.engine import Engine

    opened: dict[int, Engine] = {}
    # An adapted model keeps the text tower and its scale of similarities, and with them the coefficients.
    confidence = load_confidence(context.answering().space.digest)

    def answering() -> Mapping[str, Engine]:
        found = context.versions.answering()
        for version in found.values():
            if version.record.number not in opened:
                opened[version.record.number] = Engine(
                    version.embedder,
                    version.index,
                    context.catalogue,
                    confidence=confidence,
                    read_region=region_reader(context),
                    base_url=context.settings.base_url,
                )
        return {collection: opened[version.record.number] for collection, version in found.items()}

    return answering


def region_reader(context: Context) -> Callable[[str, Region], Rgb]:
    """(page id, region in canvas pixels) -> its pixels, out of the stored image of the live generation.

    Set upright as the page's words were when they were embedded, so that an example can be compared with them.
    """

    def read(page_id: str, region: Region) -> Rgb:
        from ingest.page_images import PageImageReader
        from ingest.segmentation.turning import turned
        from workers.page_work import turns_of

        page = context.catalogue.page(page_id)
        if page is None or page.image is None or page.width is None or page.height is None:
            raise NotFoundError("There is no image of this page.")
        reader = PageImageReader(context.files, page.image)
        inside = region.clipped(page.width, page.height)
        if inside is None:
            raise UsageError(f"{region.xywh} lies outside of the page, which is {page.width} x {page.height}.")
        canvas = page.width, page.height
        crop = reader.crop(inside if canvas == reader.size else inside.scaled(canvas, reader.size))
        return turned(crop, turns_of(context.catalogue.page_words(page_id)))

    return read
