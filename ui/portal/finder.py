"""What the pages need of the query engine, in their own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.geometry import Region
from ui.portal.asked import Asked


@dataclass(frozen=True, slots=True)
class Found:
    """One place where what was asked seems to be written."""

    word: str
    """Word id; empty where the place is no word of the catalogue."""
    page: str
    """Page id."""
    page_number: int
    page_label: str
    document: str
    """Document id."""
    document_label: str
    collection: str
    """Name."""
    canvas: str
    canvas_size: tuple[int, int]
    """Width, height in canvas pixels."""
    region: Region
    """Canvas pixels."""
    confidence: float | None
    """0 to 1; None where none can be given."""
    region_url: str | None


@dataclass(frozen=True, slots=True)
class Reach:
    """Ids of collections."""

    searched: tuple[str, ...]
    """Where to look; none: nothing is found."""
    visible: tuple[str, ...]
    """All that the reader may see: an example may come from any of them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of results."""

    hits: Sequence[Found]
    total: int
    """All places above the least confidence."""
    total_is_exact: bool
    pages: int | None
    """On how many pages they are, where it is known."""
    milliseconds: float
    """Time the engine took."""


class Finder(Protocol):
    """Errors: UsageError for a query that cannot be understood; ManuspectError for all else. Any thread may call it."""

    def find(self, asked: Asked, reach: Reach, crop: bytes | None, *, page: str | None = None) -> Answer:
        """The part of the results that `asked` names, from the collections searched alone.

        `crop` is the uploaded picture, encoded. With `page`, every hit on that page, best first.
        """
        ...

    def count_by(
        self, asked: Asked, reach: Reach, crop: bytes | None, keys: Sequence[str]
    ) -> Mapping[str, Mapping[str, int]]:
        """Metadata key, or `collection` -> value -> how many of the places that the total counts have it."""
        ...

    def export(self, asked: Asked, reach: Reach, crop: bytes | None, form: str) -> bytes:
        """All results as one file in a form of the engine; PAGE as a ZIP, as it is one file a page."""
        ...
