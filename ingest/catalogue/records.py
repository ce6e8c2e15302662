"""What the catalogue takes and gives: frozen records, never rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ingest.catalogue.states import DocumentState, PageState
from ingest.geometry import Region

Metadata = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class CollectionRecord:
    """An archival set."""

    id: str
    name: str
    paused: bool
    groups: tuple[str, ...]
    """Who may see it; empty: everyone who may use the service."""


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """One source in one collection."""

    id: str
    collection_id: str
    uri: str
    kind: str
    label: str
    digest: str
    manifest: str | None
    details: Metadata
    state: DocumentState
    error: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class PageRecord:
    """One page. Sizes in canvas pixels, None before it was read."""

    id: str
    document_id: str
    number: int
    label: str
    canvas: str
    width: int | None
    height: int | None
    image_service: str | None
    painting: Mapping[str, Any] | None
    digest: str
    image: str | None
    """Key of the image of the live generation in the file store."""
    state: PageState
    attempts: int
    claim: int
    worker: str | None
    error: str | None
    reason: str | None
    generation: int
    stale: bool
    segmenter: str | None
    space: str | None
    words: int


@dataclass(frozen=True, slots=True)
class DraftWord:
    """A word hypothesis on its way into the catalogue. `region` in canvas pixels."""

    region: Region
    line: int
    position: int
    span: int = 1
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Draft:
    """What reading and segmenting a page gave."""

    image: str
    """Key of the stored page image."""
    image_size: tuple[int, int]
    """Width, height of the stored image, pixels."""
    canvas_size: tuple[int, int]
    """Width, height of the canvas, pixels: what the words' regions count in."""
    segmenter: str
    words: tuple[DraftWord, ...]
    painting: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values; words as [x, y, w, h, line, position, span, score]."""
        words = [
            [w.region.x, w.region.y, w.region.w, w.region.h, w.line, w.position, w.span, w.score] for w in self.words
        ]
        plain = {"image": self.image, "image_size": list(self.image_size), "canvas_size": list(self.canvas_size)}
        painting = dict(self.painting) if self.painting is not None else None
        return {**plain, "segmenter": self.segmenter, "words": words, "painting": painting}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Draft:
        """The inverse of `to_json`."""
        words = tuple(DraftWord(Region(*row[:4]), *row[4:]) for row in content["words"])
        return cls(
            content["image"],
            tuple(content["image_size"]),
            tuple(content["canvas_size"]),
            content["segmenter"],
            words,
            content["painting"],
        )


@dataclass(frozen=True, slots=True)
class ClaimedPage:
    """A page taken up for work, with all that the work needs."""

    page_id: str
    claim: int
    """Number of this claim: the generation the page gets when it is finished."""
    attempts: int
    """This one included."""
    number: int
    digest: str
    """Identity of the page's content."""
    document_id: str
    document_digest: str
    uri: str
    kind: str
    collection_id: str
    metadata: Metadata
    """The document's."""
    stale: bool
    """Something of an earlier generation or claim may have to be deleted afterwards."""
    image: str | None
    """Key of the image of the live generation, None where there is none."""
    canvas_size: tuple[int, int] | None
    """Width, height of the live generation's canvas, pixels."""
    painting: Mapping[str, Any] | None
    """The live generation's."""


@dataclass(frozen=True, slots=True)
class ListingResult:
    """What listing a document changed. Counts of pages."""

    document_id: str
    label: str
    created: bool
    """The document was not known before."""
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that could not be indexed, and why."""

    input: str
    """Path or URL of the document."""
    page: int | None
    """Page number, None where the whole document failed."""
    error: str
    """Name of the error in `infra.errors`, for example CorruptError."""
    reason: str
    collection: str = ""
    attempts: int | None = None
    """How often the page was tried; None for a whole document."""
    worker: str | None = None
    """The process that tried last."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """How far a collection is."""

    name: str
    paused: bool
    documents: int
    pages: int
    words: int
    by_state: Mapping[str, int]
    """Pages in each `PageState`; all states are present."""
    failures: tuple[Failure, ...] = ()


class WordRecord(NamedTuple):
    """A word of a page's live generation. A tuple, as a phrase reads thousands of them."""

    id: str
    page_id: str
    line: int
    position: int
    span: int
    x: int
    y: int
    w: int
    h: int
    score: float

    @property
    def region(self) -> Region:
        """Canvas pixels."""
        return Region(self.x, self.y, self.w, self.h)


@dataclass(frozen=True, slots=True)
class LiveWord:
    """A word of a live generation, and where it is kept."""

    word: WordRecord
    page_number: int
    document_id: str
    collection_id: str


@dataclass(frozen=True, slots=True)
class PageContext:
    """A page with its document and collection: all that a hit on it shows."""

    page: PageRecord
    document: DocumentRecord
    collection: CollectionRecord


@dataclass(frozen=True, slots=True)
class SpaceRecord:
    """An embedding space that has, or had, an index."""

    key: str
    model: str
    digest: str
    dimension: int
    state: str
    created: datetime


@dataclass(frozen=True, slots=True)
class LivePage:
    """A page with the words of its live generation, for embedding it again."""

    page: PageRecord
    collection_id: str
    metadata: Metadata
    words: tuple[WordRecord, ...]
