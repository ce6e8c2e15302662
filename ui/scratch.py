"""A home that is gone afterwards, for measuring the whole way on pages with known text."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from ingest.segmentation import TextLine, WordBox
from search.engine.engine import Engine
from search.engine.find import find
from search.engine.query import Query
from search.evaluation.pages_rankings import FoundWord
from ui.asking import open_engine
from ui.verdict import verdict
from workers.adapt import adapt_collection
from workers.adapt_options import AdaptOptions
from workers.context import Context
from workers.pipeline import IngestRequest, ingest

_COLLECTION = "scratch"
_MOST_HITS = 2000
"""Hits a query; beyond, confidences are as good as nothing."""


class ScratchPages:
    """Pages ingested into a scratch home, ready to be asked."""

    def __init__(self, context: Context, engine: Engine | None, seconds: float) -> None:
        """`engine`: None where no page could be indexed."""
        self._context = context
        self._engine = engine
        self.seconds = seconds
        """Wall-clock time the ingest took."""

    def lines(self, image: Path) -> Sequence[TextLine] | None:
        """What was found on the page of that file, in pixels of the image; None where the ingest failed."""
        documents = self._context.catalogue.find_documents(str(image.absolute()))
        pages = self._context.catalogue.pages(documents[0].id) if documents else []
        if not pages or pages[0].generation == 0:
            return None
        words = self._context.catalogue.page_words(pages[0].id)
        by_line = [list(line) for _, line in groupby(words, key=lambda word: word.line)]
        return [
            _line([WordBox(word.region, word.position, word.span, word.score) for word in line]) for line in by_line
        ]

    def ask(self, query: str) -> Iterable[FoundWord]:
        """Everything found for a query; `page` is the image's path as text."""
        if self._engine is None:
            return
        for hit in find(self._engine, Query(text=query, limit=_MOST_HITS)).hits:
            yield FoundWord(hit.document.uri, hit.region, hit.confidence)


@contextmanager
def ingest_to_scratch(context: Context, images: Sequence[Path], adapt: float = 0.0) -> Iterator[ScratchPages]:
    """Ingest page images with the model of `context` into a home of their own; then learn their hand, for so many
    minutes."""
    with tempfile.TemporaryDirectory(prefix="manuspect-") as folder:
        own = {"home": Path(folder), "database_url": None, "files_url": None, "qdrant_url": None}
        settings = context.settings.model_copy(update=own)
        with Context(settings, context.embedder) as scratch:
            report = ingest(scratch, IngestRequest(tuple(str(image.absolute()) for image in images), _COLLECTION))
            if adapt:
                _adapt(scratch, adapt)
            engine = open_engine(scratch) if scratch.catalogue.live_space() is not None else None
            yield ScratchPages(scratch, engine, report.seconds)


def _adapt(context: Context, minutes: float) -> None:
    """As `manuspect adapt` does; how it ended goes to standard error. Nothing where no word was found."""
    collection = context.catalogue.collection(_COLLECTION)
    if collection is not None and any(one.words for one in context.catalogue.status(collection.id)):
        print(verdict(adapt_collection(context, collection.id, AdaptOptions(minutes=minutes))), file=sys.stderr)


def _line(words: list[WordBox]) -> TextLine:
    region = words[0].region
    for word in words[1:]:
        region = region.union(word.region)
    return TextLine(region, tuple(words))
