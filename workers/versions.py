"""The models adapted to collections, and keeping their indexes complete while pages are indexed.

The index that all share holds every word; a collection with a model of its own has its words in that model's index as
well, which answers for it. So going back is a change of one row, and the shared model's work knows nothing of this.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from infra.errors import ModelError, NotFoundError
from ingest.catalogue import ids
from ingest.catalogue.adaptations import Adaptations, VersionRecord
from ingest.catalogue.states import AdaptationState
from ingest.page_images import PageImageReader
from search.embedding.embedder import embed_words
from workers.page_work import cut

if TYPE_CHECKING:
    from search.embedding.embedder import Embedder
    from search.index.vector_index import Point, VectorIndex
    from workers.context import Context
    from workers.embed_stage import Embedded

log = structlog.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class Version:
    """An adapted model with its index."""

    record: VersionRecord
    embedder: Embedder
    index: VectorIndex


class Versions:
    """Opened when first needed, and let go of when they no longer answer. Threads may share it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._adaptations = Adaptations(context.catalogue)
        self._open: dict[int, Version] = {}
        self._lock = threading.Lock()

    def answering(self) -> dict[str, Version]:
        """Collection id -> the version that answers for it. Raises ModelError, CatalogueError."""
        records = self._adaptations.versions()
        self._forget_all_but({record.number for record in records})
        live = [record for record in records if record.state == AdaptationState.LIVE]
        return {record.collection_id: self.open(record) for record in live}

    def written(self, collection: str) -> list[Version]:
        """The versions of a collection whose indexes must hold what is indexed there now."""
        return [self.open(record) for record in self._adaptations.versions() if record.collection_id == collection]

    def open(self, record: VersionRecord) -> Version:
        """The model and index of a record. Raises ModelError where the model cannot be read."""
        with self._lock:
            if record.number not in self._open:
                self._open[record.number] = self._load(record)
            version = self._open[record.number]
        return version if version.record == record else replace(version, record=record)

    def _forget_all_but(self, numbers: set[int]) -> None:
        with self._lock:
            for number in self._open.keys() - numbers:
                self._context.close_index(self._open.pop(number).record.space.key)

    def _load(self, record: VersionRecord) -> Version:
        from search.embedding.handwriting import HandwritingEmbedder

        base = self._context.answering()
        if not isinstance(base, HandwritingEmbedder):
            raise ModelError("a collection is answered by an adapted handwriting model; set MANUSPECT_MODEL back")
        try:
            with self._context.files.open(record.delta) as file:
                content = file.read()
        except NotFoundError as error:
            raise ModelError(f"{record.delta}: this adapted model is lost; `manuspect adapt --back` helps") from error
        embedder = base.adapted(content)
        if embedder.space.key != record.space.key:
            raise ModelError(f"{record.delta}: this is not the adapted model {record.space.key}")
        return Version(record, embedder, self._context.index(embedder.space))


def write_adapted(context: Context, pages: Sequence[Embedded]) -> None:
    """Write the words of these pages into the indexes of their collections' own models as well."""
    for embedded in (page for page in pages if page.draft.words):
        for version in context.versions.written(embedded.page.collection_id):
            pixels = PageImageReader(context.files, embedded.draft.image).whole()
            crops = cut(pixels, embedded.draft.words, embedded.draft.canvas_size)
            version.index.upsert(points_of(replace(embedded, words=embed_words(version.embedder, crops))))


def points_of(embedded: Embedded) -> list[Point]:
    """The index points of a page."""
    from search.index.vector_index import Point

    page = embedded.page
    return [
        Point(
            id=UUID(ids.word_id(page.page_id, page.digest, word.region, embedded.draft.segmenter)),
            vector=seen.vector,
            collection=page.collection_id,
            document=page.document_id,
            page=page.page_id,
            generation=page.claim,
            page_number=page.number,
            metadata=page.metadata,
            reading=seen.reading,
        )
        for word, seen in zip(embedded.draft.words, embedded.words, strict=True)
    ]
