"""A ranked place on a page while an answer is being made."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.catalogue.records import LiveWord
from ingest.geometry import Region
from search.engine.hits import Part
from search.engine.pool import Match


@dataclass(frozen=True, slots=True)
class Place:
    """One word, or several that answer the query together."""

    score: float
    order: float
    """What it is ranked by: the score, but for a word that the index found late (see `Match.order`)."""
    confidence: float
    region: Region
    parts: tuple[Part, ...]
    first: LiveWord
    """The word that says where the place is."""

    @property
    def page(self) -> str:
        """Page id."""
        return self.first.word.page_id

    @property
    def rank(self) -> tuple[float, bool, float, str]:
        """Best first, ties by word id: the same order on every call, however deep it looks."""
        return -self.order, self.score > self.order, -self.score, self.parts[0].word

    @property
    def ink(self) -> tuple[str, Region]:
        """Page id and region."""
        return self.page, self.region


def word_place(match: Match) -> Place:
    """A single word, ranked by similarity."""
    word = match.word.word
    part = Part(word.id, word.region, word.line, match.confidence)
    return Place(match.similarity, match.order, match.confidence, word.region, (part,), match.word)


def ranked_by_confidence(place: Place) -> Place:
    """The same place among others whose similarities are not alike."""
    return Place(place.confidence, place.confidence, place.confidence, place.region, place.parts, place.first)
