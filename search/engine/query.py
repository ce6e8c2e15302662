"""What is asked: text, examples, filters, and which part of the answer is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ingest.geometry import Region
from search.embedding.embedder import Crop
from search.index.vector_index import Scalar

Sort = Literal["confidence", "place"]
Group = Literal["page", "document"]
Bound = str | int | float | None
"""A number, or an ISO date such as 1785, 1785-03 or 1785-03-14."""


@dataclass(frozen=True, slots=True)
class CropExample:
    """A picture of what is sought."""

    pixels: Crop


@dataclass(frozen=True, slots=True)
class RegionExample:
    """A region of an indexed page, in canvas pixels."""

    page: str
    """Page id."""
    region: Region


@dataclass(frozen=True, slots=True)
class WordExample:
    """A word of the catalogue, as a hit shows it."""

    word: str
    """Word id."""


Example = CropExample | RegionExample | WordExample


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions that all hold together; an empty one is none. Ids as in the catalogue."""

    collections: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    page_range: tuple[int | None, int | None] = (None, None)
    """First and last page number, inclusive."""
    equals: Mapping[str, Scalar] = field(default_factory=dict)
    """Metadata key of the document -> value."""
    ranges: Mapping[str, tuple[Bound, Bound]] = field(default_factory=dict)
    """Metadata key -> first and last value, inclusive; an open end is None."""


@dataclass(frozen=True)
class Query:
    """One question. Text and examples together are fused; without text there must be a positive example."""

    text: str = ""
    positive: tuple[Example, ...] = ()
    negative: tuple[Example, ...] = ()
    where: Where = Where()
    visible: frozenset[str] | None = None
    """Ids of the collections the asker may see; None: all."""
    limit: int = 20
    offset: int = 0
    after: str | None = None
    """`Result.next` of the previous part: goes on from there, whatever was added meanwhile. Excludes `offset`."""
    sort: Sort = "confidence"
    group: Group | None = None
    """Only the best hit of each page or document, with how many more there are."""
    facets: tuple[str, ...] = ()
    """`collection`, `document`, `page`, or a metadata key: counts of the hits that make up the total."""
    least_confidence: float = 0.0
    """Hits below are left out."""
    total_above: float = 0.5
    """The confidence above which hits are counted."""
