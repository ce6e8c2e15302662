"""One page's processor work: read it, store its image, find its words, cut them out. No model, database or index."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from infra.errors import CorruptError, NotFoundError, StorageError
from infra.files import FileStore, open_files
from infra.settings import Settings
from ingest.catalogue import ids
from ingest.catalogue.records import ClaimedPage, Draft, DraftWord, WordRecord
from ingest.geometry import Region
from ingest.page_images import PageImageReader, write_page_image
from ingest.segmentation import SEGMENTER_VERSION, TextLine, segment_turned
from ingest.segmentation.turning import turned, turns_by_reading
from ingest.sources import PageImage, PageRef, Source, SourceInfo, open_source
from ingest.sources.source import Rgb

log = structlog.get_logger(__name__)

Seconds = dict[str, float]
"""Stage name -> busy seconds."""
Words = Sequence[DraftWord] | Sequence[WordRecord]

_PROBE_BYTES = 32 << 20
_OPEN_SOURCES = 2
"""Documents a process keeps open, so that the next page of the same one is found at once."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a document says of itself before a page is read."""

    info: SourceInfo
    refs: tuple[PageRef, ...]
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class Prepared:
    """A page ready for the model."""

    draft: Draft
    crops: Crops
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class Crops:
    """The words' pixels in the draft's order, end to end in one array, so that they travel cheaply."""

    buffer: NDArray[np.uint8]
    shapes: tuple[tuple[int, int], ...]
    """Height, width of each, RGB."""

    def __len__(self) -> int:
        return len(self.shapes)

    def unpack(self) -> list[Rgb]:
        """uint8 (H, W, 3) RGB each, views of the one array."""
        crops, start = [], 0
        for height, width in self.shapes:
            end = start + height * width * 3
            crops.append(self.buffer[start:end].reshape(height, width, 3))
            start = end
        return crops

    @classmethod
    def pack(cls, crops: list[Rgb]) -> Crops:
        """From separate arrays."""
        flat = [np.ascontiguousarray(crop).reshape(-1) for crop in crops]
        buffer = np.concatenate(flat) if flat else np.zeros(0, np.uint8)
        return cls(buffer, tuple((crop.shape[0], crop.shape[1]) for crop in crops))


@dataclass(slots=True)
class Clock:
    """Adds up the seconds spent in named stages."""

    seconds: Seconds = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time a block."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


class PageWork:
    """Does pages one after another, keeping the last documents open. For one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.store = open_files(settings)
        self._sources: OrderedDict[tuple[str, str], Source] = OrderedDict()

    def list_document(self, uri: str) -> Listing:
        """What the document at that absolute path or URL is and which pages it has. Raises InputError."""
        clock = Clock()
        with clock("list"):
            source = open_source(uri, self._settings)
            info, refs = source.info, tuple(source.pages())
            if not refs:
                source.close()
                raise CorruptError("The document has no pages.", input=uri)
            self._keep(info.uri, ids.stored_digest(info.digest), source)
        return Listing(info, refs, clock.seconds)

    def prepare(self, page: ClaimedPage) -> Prepared:
        """Convert, segment and crop. May be repeated: the same page gives the same words and crops.

        All that follows is made from the stored image, never from the source's pixels, so that a page segmented or
        embedded again later gives what it would have given at first. Raises InputError, StorageError.
        """
        clock = Clock()
        draft, pixels = self._find_words(page, clock)
        with clock("crop"):
            crops = Crops.pack(cut(pixels, draft.words, draft.canvas_size))
        return Prepared(draft, crops, clock.seconds)

    def draft(self, page: ClaimedPage) -> tuple[Draft, Seconds]:
        """`prepare` without the crops, for another machine that cuts them out of the stored image."""
        clock = Clock()
        draft, _ = self._find_words(page, clock)
        return draft, clock.seconds

    def _find_words(self, page: ClaimedPage, clock: Clock) -> tuple[Draft, Rgb]:
        stored = self.convert(page, clock)
        with clock("decode"):
            pixels = PageImageReader(self.store, stored.key).whole()
        with clock("segment"):
            lines, turns = segment_turned(pixels)
        if turns:
            log.info(
                "writing is not upright: its words are turned to be read",
                document=page.uri,
                page=page.number,
                turns=turns,
            )
        size = pixels.shape[1], pixels.shape[0]
        canvas = stored.canvas_size or size
        words = _draft_words(lines, size, canvas)
        return Draft(stored.key, size, canvas, SEGMENTER_VERSION, words, stored.painting), pixels

    def convert(self, page: ClaimedPage, clock: Clock) -> StoredImage:
        """Store the page's image, unless the live generation has it stored from the same content already."""
        key = ids.image_key(page.document_id, page.number, page.digest)
        if page.image == key and _is_readable(self.store, key):
            return StoredImage(key, page.canvas_size, page.painting)
        with clock("read"):
            ref, image = self._read(page)
        with clock("store"):
            write_page_image(self.store, key, image)
        return StoredImage(key, ref.canvas_size, image.painting)

    def _read(self, page: ClaimedPage) -> tuple[PageRef, PageImage]:
        source = self._source(page)
        refs = source.pages()
        if not 1 <= page.number <= len(refs):
            raise NotFoundError("The document has no such page any more. Ingest it again.", page=page.number)
        ref = refs[page.number - 1]
        return ref, source.read(ref)

    def _source(self, page: ClaimedPage) -> Source:
        key = page.uri, page.document_digest
        if key in self._sources:
            self._sources.move_to_end(key)
            return self._sources[key]
        source = open_source(page.uri, self._settings)
        if ids.stored_digest(source.info.digest) != page.document_digest:
            source.close()
            raise CorruptError("The document changed after it was listed. Ingest it again.", input=page.uri)
        self._keep(*key, source)
        return source

    def _keep(self, uri: str, digest: str, source: Source) -> None:
        old = self._sources.pop((uri, digest), None)
        self._sources[uri, digest] = source
        if old is not None:
            old.close()
        while len(self._sources) > _OPEN_SOURCES:
            self._sources.popitem(last=False)[1].close()

    def can_store(self) -> bool:
        """Whether the file store takes an image's worth of bytes: tells a full disk from one impossible page."""
        key = f"probe/{os.getpid()}"
        try:
            self.store.put_bytes(bytes(_PROBE_BYTES), key)
            self.store.delete(key)
        except StorageError:
            return False
        return True

    def close(self) -> None:
        """Close the documents kept open."""
        while self._sources:
            self._sources.popitem()[1].close()


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A page's image in the file store."""

    key: str
    canvas_size: tuple[int, int] | None
    """Width, height of the canvas, pixels; None: the image's own."""
    painting: Mapping[str, Any] | None


def cut(pixels: Rgb, words: Words, canvas_size: tuple[int, int]) -> list[Rgb]:
    """The crops of a page's words, in order, out of its whole stored image, uint8 (H, W, 3) RGB; set upright."""
    turns, image_size = turns_of(words), (pixels.shape[1], pixels.shape[0])
    boxes = [image_region(word.region, canvas_size, image_size) for word in words]
    return [turned(pixels[box.y : box.y2, box.x : box.x2], turns) for box in boxes]


def turns_of(words: Words) -> int:
    """Quarter turns to the left that set a page with these words upright."""
    return turns_by_reading((word.line, word.position, word.region) for word in words)


def image_region(region: Region, canvas_size: tuple[int, int], image_size: tuple[int, int]) -> Region:
    """A canvas region in pixels of the stored image, which may be of another size."""
    return region if canvas_size == image_size else region.scaled(canvas_size, image_size)


def _draft_words(
    lines: tuple[TextLine, ...], image_size: tuple[int, int], canvas_size: tuple[int, int]
) -> tuple[DraftWord, ...]:
    """The words in canvas pixels; of two in the same place the first stays."""
    words: dict[Region, DraftWord] = {}
    for number, line in enumerate(lines):
        for box in line.words:
            region = image_region(box.region, image_size, canvas_size)
            words.setdefault(region, DraftWord(region, number, box.position, box.span, box.score))
    return tuple(words.values())


def _is_readable(store: FileStore, key: str) -> bool:
    """Whether the stored image can be opened; one that was damaged is made anew."""
    try:
        PageImageReader(store, key)
    except (NotFoundError, StorageError):
        return False
    return True
