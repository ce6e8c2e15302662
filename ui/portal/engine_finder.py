"""`Finder` over the query engine: the pages' questions in its words, and its answers in theirs."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import cv2
import numpy as np
from PIL import Image

from infra.errors import CorruptError, LimitError, VectorIndexError
from search.embedding.embedder import Crop
from search.engine.engine import Engine
from search.engine.export.forms import export_files
from search.engine.find import find
from search.engine.hits import Hit, Result, Timing, Total
from search.engine.query import CropExample, Example, Query, RegionExample, Where, WordExample
from ui.asking import open_engine
from ui.portal.asked import Asked
from ui.portal.finder import Answer, Found, Reach
from ui.service.content_search import FoundWord
from workers.context import Context

_MOST_ON_PAGE = 500
"""Hits marked on one page."""
_MOST_EXPORTED = 10_000
_NOTHING = Result((), Total(0, 0, 0.0, exact=True), Timing())
_MOST_CROP_PIXELS = 1_000_000
_MOST_UPLOADED_PIXELS = 50_000_000
SERVICE_CONFIDENCE = 0.5
"""Least confidence of hits in IIIF content search, whose clients cannot choose."""


class EngineFinder:
    """Opens the engine at the first question, since the model takes seconds to load. Threads may share it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Load the model, and open the engine where something is indexed."""
        _ = self._context.answering()
        self.engine()

    def engine(self) -> Engine | None:
        """The engine of the live index, None before anything is indexed. Raises ModelError, VectorIndexError."""
        with self._lock:
            if not self._is_live(self._engine) and self._context.catalogue.live_space() is not None:
                self._engine = open_engine(self._context)
            return self._engine

    def _is_live(self, engine: Engine | None) -> bool:
        live = self._context.catalogue.live_space()
        return engine is not None and live is not None and engine.embedder.space.key == live.key

    def find(self, asked: Asked, reach: Reach, crop: bytes | None, *, page: str | None = None) -> Answer:
        """As `Finder` says."""
        query = _query(asked, reach, crop)
        if page is not None:
            on_page = replace(query.where, pages=(page,))
            return _answer(self._ask(replace(query, where=on_page, offset=0, limit=_MOST_ON_PAGE)))
        if asked.group == "page":
            return self._by_page(query)
        return _answer(self._ask(query))

    def count_by(
        self, asked: Asked, reach: Reach, crop: bytes | None, keys: Sequence[str]
    ) -> Mapping[str, Mapping[str, int]]:
        """As `Finder` says."""
        query = replace(_query(asked, reach, crop), offset=0, limit=1, facets=("collection", *keys))
        return self._ask(query).facets

    def export(self, asked: Asked, reach: Reach, crop: bytes | None, form: str) -> bytes:
        """As `Finder` says."""
        query = replace(_query(asked, reach, crop), offset=0, limit=_MOST_EXPORTED)
        files = dict(
            export_files(
                self._ask(query).hits, form, asked=asked.text or "example", base_url=self._context.settings.base_url
            )
        )
        return _zipped(files) if form == "page" else "".join(files.values()).encode()

    def _ask(self, query: Query) -> Result:
        """An answer of one index alone: where another took its place meanwhile, that one is asked."""
        while (engine := self.engine()) is not None:
            try:
                result = find(engine, query)
            except VectorIndexError:
                if self._is_live(engine):
                    raise
                continue
            if self._is_live(engine):
                return result
        return _NOTHING

    def find_in_document(
        self, collection: str, document: str, text: str, start: int, limit: int
    ) -> tuple[int, Sequence[FoundWord]]:
        """As `FindInDocument` of the HTTP service says."""
        where = Where(documents=(document,))
        result = self._ask(
            Query(
                text,
                where=where,
                visible=frozenset({collection}),
                limit=limit,
                offset=start,
                least_confidence=SERVICE_CONFIDENCE,
                total_above=SERVICE_CONFIDENCE,
            ),
        )
        words = [FoundWord(hit.word, hit.page.canvas, hit.region.xywh, hit.confidence) for hit in result.hits]
        return result.total.hits, words

    def _by_page(self, query: Query) -> Answer:
        """The pages with the best hits, each with all of its hits."""
        best = self._ask(replace(query, group="page"))
        pages = tuple(hit.page.id for hit in best.hits)
        if not pages:
            return _answer(best)
        on_pages = replace(query.where, pages=pages)
        hits = self._ask(replace(query, where=on_pages, offset=0, limit=_MOST_ON_PAGE, sort="place")).hits
        rank = {page: place for place, page in enumerate(pages)}
        return replace(_answer(best), hits=sorted(map(_found, hits), key=lambda hit: rank[hit.page]))


def _query(asked: Asked, reach: Reach, crop: bytes | None) -> Query:
    positive: list[Example] = [RegionExample(place.page, place.region) for place in asked.places]
    positive += [WordExample(word) for word in asked.liked]
    if crop is not None:
        positive.append(CropExample(decode_crop(crop)))
    least = asked.least / 100
    return Query(
        text=asked.text,
        positive=tuple(positive),
        negative=tuple(WordExample(word) for word in asked.disliked),
        where=replace(_where(asked), collections=reach.searched),
        visible=frozenset(reach.visible if reach.searched else ()),
        limit=asked.size,
        offset=(asked.part - 1) * asked.size,
        sort="place" if asked.order == "place" else "confidence",
        least_confidence=least,
        total_above=least,
    )


def _where(asked: Asked) -> Where:
    """The filters; a value `1840..1860` means a range, open where an end is missing."""
    equals: dict[str, str] = {}
    ranges: dict[str, tuple[str | None, str | None]] = {}
    for key, value in asked.metadata:
        first, dots, last = value.partition("..")
        if dots:
            ranges[key] = (first.strip() or None, last.strip() or None)
        else:
            equals[key] = value
    return Where(page_range=(asked.first_page, asked.last_page), equals=equals, ranges=ranges)


def decode_crop(content: bytes) -> Crop:
    """An uploaded picture as uint8 (H, W, 3) RGB, reduced where it is larger than any word is.

    Raises CorruptError, and LimitError before anything large is decoded.
    """
    try:
        with Image.open(BytesIO(content)) as header:
            size = header.size
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise CorruptError("The uploaded file is not a picture that can be read.") from error
    if size[0] * size[1] > _MOST_UPLOADED_PIXELS:
        raise LimitError("The uploaded picture is too large for a word; cut it close to the ink.")
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise CorruptError("The uploaded file is not a picture that can be read.")
    height, width = pixels.shape[:2]
    if width * height > _MOST_CROP_PIXELS:
        factor = (_MOST_CROP_PIXELS / (width * height)) ** 0.5
        pixels = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(pixels[:, :, ::-1], np.uint8)


def _zipped(files: Mapping[str, str]) -> bytes:
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def _answer(result: Result) -> Answer:
    total = result.total
    return Answer([_found(hit) for hit in result.hits], total.hits, total.exact, total.pages, result.timing.total)


def _found(hit: Hit) -> Found:
    page = hit.page
    size = (page.width or hit.region.x2, page.height or hit.region.y2)
    return Found(
        hit.word, page.id, page.number, page.label, hit.document.id, hit.document.label, hit.collection.name,
        page.canvas, size, hit.region, hit.confidence, hit.region_url,
    )  # fmt: skip
