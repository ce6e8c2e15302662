"""Bringing what is indexed up to the present model and segmenter, while the old answers serve on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog

from infra.errors import VectorIndexError
from ingest.segmentation import SEGMENTER_VERSION
from search.embedding.embedder import EmbeddingSpace
from search.index.open_index import drop_index, point_alias
from workers.adapted_index import fill
from workers.answering import drop_weights, keep_weights
from workers.cleaning import delete_dead_points, tidy
from workers.context import Context
from workers.home_lock import home_lock
from workers.live_words import embedded_pages, is_whole, write_points
from workers.pipeline import IngestRequest, ingest_locked, recover
from workers.report import IngestReport, Progress, Tally, no_progress

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReindexReport:
    """What was done; zeros where everything was up to date."""

    model: str | None
    """Key of the space that is live now; None where nothing is indexed."""
    switched: bool
    """Another model answers now."""
    embedded: int
    """Pages whose words were embedded again."""
    unreadable: int
    """Pages whose stored image cannot be read; they are read from their source again."""
    segmented: int
    """Pages whose words were looked for again."""
    seconds: float
    pages: IngestReport | None = None
    """Of the pages that were looked at again."""


def reindex(context: Context, collection: str | None = None, progress: Progress = no_progress) -> ReindexReport:
    """Embed anew what the present model has not, and segment anew what the present segmenter has not.

    A new model's index is built beside the live one and takes its place in one step. `collection`, a name, limits the
    segmenting; the model is one for all. May be killed anywhere; the next run carries on.
    """
    start = time.monotonic()
    with home_lock(context.settings):
        recover(context)
        tidy(context)
        tally = Tally()
        live = context.catalogue.live_space()
        if live is None:
            return ReindexReport(None, False, 0, 0, 0, time.monotonic() - start)
        space = context.embedder.space
        switched = live.key != space.key
        unreadable = _build(context, space, tally, progress) if switched else _repair(context, space, tally, progress)
        for version in context.versions.answering().values():
            fill(context, version, progress)
        embedded = tally.indexed
        scope = context.catalogue.collection(collection) if collection else None
        segmented = context.catalogue.requeue_other_segmenter(SEGMENTER_VERSION, scope.id if scope else None)
        report = ingest_locked(context, IngestRequest((), collection), progress) if segmented or unreadable else None
        drop_retired(context)
    return ReindexReport(space.key, switched, embedded, unreadable, segmented, time.monotonic() - start, report)


def build_and_switch(context: Context, progress: Progress = no_progress) -> bool:
    """Where the present model is not the live one, fill its index beside the live one, then switch. True: it did.

    For one caller at a time. Pages whose stored image is lost wait to be read from their source again.
    """
    live, space = context.catalogue.live_space(), context.embedder.space
    if live is None or live.key == space.key:
        return False
    _build(context, space, Tally(), progress)
    return True


def _build(context: Context, space: EmbeddingSpace, tally: Tally, progress: Progress) -> int:
    """Fill the space's index beside the live one, then switch; how many pages have no readable image."""
    catalogue, index = context.catalogue, context.index(space)
    catalogue.begin_building(space.key, space.model, space.digest, space.dimension)
    index.upsert([])
    tally.add(waiting=catalogue.count_to_build(space.key))
    unreadable = 0
    pages = _batched(lambda after: catalogue.pages_to_build(space.key, after))
    for live, words in embedded_pages(context, context.embedder, pages):
        if words is None:  # found again once its source was read again; it must not keep the others from switching
            unreadable += 1
            catalogue.requeue_page(live.page.id)
        else:
            write_points(index, live, words)
            delete_dead_points(context, live.page.id)
            tally.add(indexed=1, words=len(words))
        catalogue.mark_built(live.page.id, live.page.generation, space.key)
        progress(tally)
    index.optimize()
    keep_weights(context)
    if not catalogue.switch_space(space.key):
        raise VectorIndexError("Pages were added while the new index was built. Run `manuspect reindex` again.")
    point_alias(context.settings, space)
    log.info("model switched", space=space.key)
    return unreadable


def _repair(context: Context, space: EmbeddingSpace, tally: Tally, progress: Progress) -> int:
    """Embed the pages that miss vectors or readings in the live index, as after its folder was lost."""
    index = context.live_index()

    def missing() -> Iterator[str]:
        for page in context.catalogue.live_pages():
            record = context.catalogue.page(page)
            if record is not None and not is_whole(index, context.embedder, page, record.words):
                tally.add(waiting=1)
                yield page

    unreadable = 0
    for live, words in embedded_pages(context, context.embedder, missing()):
        if words is None:
            unreadable += 1
            context.catalogue.requeue_page(live.page.id)
            continue
        write_points(index, live, words)
        tally.add(indexed=1, words=len(words))
        progress(tally)
    return unreadable


def drop_retired(context: Context) -> None:
    """Delete the indexes of spaces that no longer answer."""
    for space in context.catalogue.all_spaces():
        if space.state == "retired":
            context.close_index(space.key)
            drop_index(context.settings, space.key)
            drop_weights(context, space.digest)
            context.catalogue.forget_space(space.key)


def _batched(fetch: Callable[[str], list[str]]) -> Iterator[str]:
    """Page ids in order, asked for in steps."""
    after = ""
    while found := fetch(after):
        yield from found
        after = found[-1]
