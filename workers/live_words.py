"""The words that are live, with their pixels out of the stored page images: what is embedded anew, or learned from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID

from infra.errors import NotFoundError, StorageError
from ingest.catalogue.records import LivePage
from ingest.page_images import PageImageReader
from ingest.sources.source import Rgb
from search.embedding.embedder import EmbeddedWord, Embedder, Reader, embed_words
from search.index.vector_index import IndexFilter, Point, VectorIndex
from workers.context import Context
from workers.page_work import cut

_READERS = 2
_AHEAD = 6
"""Pages read before their words go through the model."""


def embedded_pages(
    context: Context, embedder: Embedder, pages: Iterable[str]
) -> Iterator[tuple[LivePage, list[EmbeddedWord] | None]]:
    """Each page with its live words as the model sees them; None where its stored image cannot be read.

    Images are read ahead in threads, and the model takes the words of several pages at a time.
    """
    batch: list[tuple[LivePage, list[Rgb]]] = []
    for live, crops in pages_with_crops(context, pages):
        if crops is None:
            yield live, None
            continue
        batch.append((live, crops))
        if sum(len(crops) for _, crops in batch) >= context.settings.embed_batch:
            yield from _through_model(embedder, batch)
            batch = []
    yield from _through_model(embedder, batch)


def _through_model(
    embedder: Embedder, batch: list[tuple[LivePage, list[Rgb]]]
) -> Iterator[tuple[LivePage, list[EmbeddedWord]]]:
    words = iter(embed_words(embedder, [crop for _, crops in batch for crop in crops]))
    for live, crops in batch:
        yield live, [next(words) for _ in crops]


def pages_with_crops(context: Context, pages: Iterable[str]) -> Iterator[tuple[LivePage, list[Rgb] | None]]:
    """Each page that is there with the crops of its words, read ahead in threads; None where its image is lost."""
    with ThreadPoolExecutor(_READERS) as readers:
        waiting: deque[Future[tuple[LivePage, list[Rgb] | None] | None]] = deque()
        for page in pages:
            waiting.append(readers.submit(_read, context, page))
            if len(waiting) >= _AHEAD and (done := waiting.popleft().result()) is not None:
                yield done
        while waiting:
            if (done := waiting.popleft().result()) is not None:
                yield done


def _read(context: Context, page: str) -> tuple[LivePage, list[Rgb] | None] | None:
    """The crops of a page's live words out of its stored image; None where the page is gone."""
    live = context.catalogue.live_page(page)
    if live is None:
        return None
    if live.page.image is None or live.page.width is None or live.page.height is None:
        return live, None
    try:
        pixels = PageImageReader(context.files, live.page.image).whole()
    except (NotFoundError, StorageError):
        return live, None
    return live, cut(pixels, live.words, (live.page.width, live.page.height))


def is_whole(index: VectorIndex, embedder: Embedder, page: str, words: int) -> bool:
    """Whether the index has a point for each of the page's words, with a reading where the model reads."""
    where = IndexFilter(pages=(page,))
    if not isinstance(embedder, Reader):
        return index.count(where) >= words
    return len(index.readings(list(index.ids(where)))) >= words


def write_points(index: VectorIndex, live: LivePage, words: list[EmbeddedWord]) -> None:
    """Write the points of a page's words."""
    index.upsert(
        [
            Point(
                id=UUID(word.id),
                vector=seen.vector,
                collection=live.collection_id,
                document=live.page.document_id,
                page=live.page.id,
                generation=live.page.generation,
                page_number=live.page.number,
                metadata=live.metadata,
                reading=seen.reading,
            )
            for word, seen in zip(live.words, words, strict=True)
        ]
    )
