"""What is answered: hits with their place and confidence, totals, facets, times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.catalogue.records import CollectionRecord, DocumentRecord, PageRecord
from ingest.geometry import Region


@dataclass(frozen=True, slots=True)
class Part:
    """One word of a hit."""

    word: str
    """Word id."""
    region: Region
    """Canvas pixels."""
    line: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where what was asked is written, probably."""

    score: float
    """Cosine similarity of a single word, else the confidence."""
    confidence: float
    """Calibrated probability, 0 to 1, that this is what was asked."""
    collection: CollectionRecord
    document: DocumentRecord
    page: PageRecord
    region: Region
    """Canvas pixels: the word; of a phrase the words on its first line; of several words the surest one."""
    region_url: str | None
    """A picture of the region; None where nothing serves one."""
    parts: tuple[Part, ...]
    """The words, in the order of the query; one for a single word."""
    more: int = 0
    """Further hits on the same page or in the same document, where they are grouped."""

    @property
    def word(self) -> str:
        """Id of the first word: identifies the hit, and serves as an example."""
        return self.parts[0].word

    def to_json(self) -> dict[str, Any]:
        """Plain values, one object a hit, as the command line prints it."""
        return {
            "score": float(f"{self.score:.6g}"),
            "confidence": float(f"{self.confidence:.4g}"),
            "collection": self.collection.name,
            "document": self.document.label,
            "document_id": self.document.id,
            "page": self.page.number,
            "page_id": self.page.id,
            "page_label": self.page.label,
            "canvas": self.page.canvas,
            "manifest": self.document.manifest,
            "xywh": self.region.xywh,
            "region_url": self.region_url,
            "word_id": self.word,
            "more": self.more,
            "parts": [
                {"word_id": part.word, "xywh": part.region.xywh, "confidence": float(f"{part.confidence:.4g}")}
                for part in self.parts
            ],
        }


@dataclass(frozen=True, slots=True)
class Total:
    """How many hits there are above a confidence."""

    hits: int
    pages: int
    above: float
    """The confidence."""
    exact: bool
    """False: at least so many; the rest was not looked at."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds spent, by stage."""

    encode: float = 0.0
    search: float = 0.0
    catalogue: float = 0.0
    post: float = 0.0

    @property
    def total(self) -> float:
        """All stages."""
        return self.encode + self.search + self.catalogue + self.post


@dataclass(frozen=True)
class Result:
    """One part of the answer to a Query."""

    hits: tuple[Hit, ...]
    total: Total
    timing: Timing
    next: str | None = None
    """Give it as `Query.after` for the part that follows; None at the end."""
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Facet -> value -> number of hits above the total's confidence; values by falling number."""
    calibrated: bool = True
    """False: the confidences come from a general rule, as none were fitted for this model."""
