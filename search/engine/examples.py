"""Examples as the model sees them, and their fusion with a typed word."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import numpy as np

from infra.errors import NotFoundError, UsageError
from ingest.catalogue.records import WordRecord
from ingest.geometry import Region
from search.embedding.embedder import EmbeddedWord, embed_words
from search.engine.clock import Clock
from search.engine.engine import Engine, Vector
from search.engine.query import CropExample, Example, Query, RegionExample, WordExample
from search.engine.sought import Sought
from search.handwriting.likely import likely_strings

TEXT_WEIGHT = 2.0
"""Share of a typed word beside the mean of the good examples, which has 1. Measured on three collections of real words
with one and three examples: better than 0.25, 0.5, mostly than 1, and than fusing the two rankings by their ranks."""
NEGATIVE_WEIGHT = 0.25
"""Share of the mean of the bad examples (Rocchio, "Relevance Feedback in Information Retrieval", 1971). Measured with
the first three wrong hits of a typed word: better than 0, 0.1 and 0.5."""


def fused(engine: Engine, query: Query, text: Sought | None, clock: Clock) -> Sought:
    """One thing to look for, of a word and examples together. Raises UsageError, NotFoundError."""
    good = seen_in(engine, query.positive, query.visible, clock)
    bad = seen_in(engine, query.negative, query.visible, clock)
    mixed = np.zeros(engine.embedder.space.dimension, np.float32)
    if text is not None:
        mixed += (TEXT_WEIGHT if good else 1.0) * text.vector
    if good:
        mixed += _mean(good)
    if bad:
        mixed -= NEGATIVE_WEIGHT * _mean(bad)
    length = float(np.linalg.norm(mixed))
    if length < 1e-6:
        raise UsageError("the examples cancel each other out")
    if text is not None:
        return Sought(mixed / length, text.kind, text.letters)
    alone = engine.reads and len(good) == 1 and not bad
    return Sought(mixed / length, "image", 0, likely_strings(good[0].reading) if alone else {})


def seen_in(
    engine: Engine, examples: Sequence[Example], visible: frozenset[str] | None, clock: Clock
) -> list[EmbeddedWord]:
    """What the model makes of each example. NotFoundError for a word or page that is not there or not to be seen."""
    crops = [example.pixels for example in examples if isinstance(example, CropExample)]
    with clock.stage("encode"):
        seen = embed_words(engine.embedder, crops) if crops else []
    words = [example.word for example in examples if isinstance(example, WordExample)]
    if words:
        seen += _of_words(engine, words, visible, clock)
    for example in examples:
        if isinstance(example, RegionExample):
            seen.append(_of_region(engine, example, visible, clock))
    return seen


def _of_words(engine: Engine, words: list[str], visible: frozenset[str] | None, clock: Clock) -> list[EmbeddedWord]:
    with clock.stage("catalogue"):
        live = engine.catalogue.live_words(words)
    for word in words:
        found = live.get(word)
        if found is None or (visible is not None and found.collection_id not in visible):
            raise NotFoundError(f"there is no word {word}; it may have been indexed anew")
    points = {word: UUID(word) for word in words}
    with clock.stage("search"):
        vectors, readings = engine.index.vectors([*points.values()]), engine.index.readings([*points.values()])
    return [
        EmbeddedWord(vectors[point], readings.get(point, b""))
        if point in vectors
        else _seen_anew(engine, live[word].word, clock)
        for word, point in points.items()
    ]


def _seen_anew(engine: Engine, word: WordRecord, clock: Clock) -> EmbeddedWord:
    """A word that this index lacks, as it is of a collection with a model of its own."""
    if engine.read_region is None:
        raise NotFoundError(f"the word {word.id} has no vector; run manuspect reindex")
    with clock.stage("encode"):
        return embed_words(engine.embedder, [engine.read_region(word.page_id, word.region)])[0]


def _of_region(engine: Engine, example: RegionExample, visible: frozenset[str] | None, clock: Clock) -> EmbeddedWord:
    """The word of the index where the region is one, else what its pixels show."""
    with clock.stage("catalogue"):
        page = engine.catalogue.page(example.page)
        document = engine.catalogue.document(page.document_id) if page is not None else None
        words = engine.catalogue.page_words(example.page) if page is not None else []
    if page is None or document is None or (visible is not None and document.collection_id not in visible):
        raise NotFoundError(f"there is no page {example.page}")
    best = max(words, key=lambda word: word.region.iou(example.region), default=None)
    if best is not None and (engine.read_region is None or best.region.iou(example.region) >= _SAME_WORD):
        if best.region.intersection(example.region) is None:
            raise UsageError(f"there is no word at {example.region.xywh} of page {page.label}")
        return _of_words(engine, [best.id], visible, clock)[0]
    if engine.read_region is None:
        raise UsageError(f"page {page.label} has no words yet")
    region = _inside(example.region, page.width, page.height)
    with clock.stage("encode"):
        return embed_words(engine.embedder, [engine.read_region(example.page, region)])[0]


_SAME_WORD = 0.8
"""IoU from which a drawn box means the word under it."""


def _inside(region: Region, width: int | None, height: int | None) -> Region:
    clipped = region.clipped(width, height) if width and height else region
    if clipped is None:
        raise UsageError(f"{region.xywh} lies outside the page")
    return clipped


def _mean(seen: list[EmbeddedWord]) -> Vector:
    mean: Vector = np.mean([word.vector for word in seen], axis=0, dtype=np.float32)
    return mean
