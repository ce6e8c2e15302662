"""A ranked place on a page while an answer is being made."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.catalogue.records import CollectionRecord, DocumentRecord, PageRecord
from ingest.geometry import Region
from search.engine.hits import Part
from search.engine.pool import Match


@dataclass(frozen=True, slots=True)
class Place:
    """One word, or several that answer the query together."""

    score: float
    confidence: float
    region: Region
    parts: tuple[Part, ...]
    page: PageRecord
    document: DocumentRecord
    collection: CollectionRecord

    @property
    def rank(self) -> tuple[float, str]:
        """Best first, ties by word id: the same order on every call."""
        return -self.score, self.parts[0].word

    @property
    def ink(self) -> tuple[str, Region]:
        """Page id and region."""
        return self.page.id, self.region


def word_place(match: Match, score: float | None = None) -> Place:
    """A single word; ranked by similarity unless another score is given."""
    context = match.context
    word = context.word
    part = Part(word.id, word.region, word.line, match.confidence)
    return Place(
        match.similarity if score is None else score,
        match.confidence,
        word.region,
        (part,),
        context.page,
        context.document,
        context.collection,
    )
