"""The words that may be parts of a phrase: looked for, judged by vector, read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np

from ingest.catalogue.records import LiveWord, WordRecord
from search.engine.clock import Clock
from search.engine.engine import Engine
from search.engine.expression import Unit
from search.engine.lines import Lines, lines_of
from search.engine.near import Near, Numbers, judge, near_each
from search.engine.paths import LEAST_READ, LEAST_TO_READ, LEAST_WORD, Reading
from search.engine.pool import matches
from search.engine.reading import judge_read
from search.engine.sought import Sought
from search.index.vector_index import IndexFilter

Anchor = tuple[Unit, LiveWord]
"""A word that may be part of the phrase, and which part."""
Similarities = dict[Unit, dict[str, float]]
"""Unit -> word id -> cosine."""


@dataclass(frozen=True)
class PhraseWords:
    """Looks for the words of one phrase in one index."""

    engine: Engine
    units: Mapping[Unit, Sought]
    terms: int
    where: IndexFilter
    clock: Clock

    def near(self, units: Iterable[Unit], depth: int) -> dict[Unit, Near]:
        """The words nearest to each unit."""
        asked = list(units)
        found = near_each(self.engine, [self.units[unit] for unit in asked], self.where, depth, self.clock)
        return dict(zip(asked, found, strict=True))

    @property
    def are_read(self) -> bool:
        """Whether words are compared letter by letter."""
        return any(sought.strings for sought in self.units.values())

    @property
    def least(self) -> float:
        """Confidence by vector below which a word is no part of the phrase."""
        return LEAST_TO_READ if self.are_read else LEAST_WORD

    def by_vector(self) -> PhraseWords:
        """The same without reading."""
        return replace(self, units={unit: replace(sought, strings={}) for unit, sought in self.units.items()})

    def anchors(self, known: Mapping[Unit, Near], covering: Iterable[Unit]) -> list[Anchor]:
        """The words that may be one of these units."""
        counts = {unit: known[unit].count(self.least) for unit in covering}
        return [
            (unit, match.word)
            for unit, count in counts.items()
            for match in matches(self.engine, known[unit], count, self.where, self.clock)
        ]

    def judged(self, known: Mapping[Unit, Near], anchors: Sequence[Anchor]) -> tuple[Reading, Similarities]:
        """The lines around the anchors, and by vector all words that a path through them may lead through."""
        similarities = {unit: _by_word(found.ids, found.similarities) for unit, found in known.items()}
        confidences = {unit: _by_word(found.ids, found.confidences) for unit, found in known.items()}
        reading = Reading(self._lines([word.word for _, word in anchors]), confidences, self.terms, self.least)
        for beside in reading.waves([(unit, word.word) for unit, word in anchors]):
            unknown = {
                unit: [word for word in words if word not in confidences[unit]]
                for unit, words in beside.items()
                if known[unit].edge >= self.least or self.units[unit].strings  # else all that count are known
            }
            for unit, some in self._similarities(unknown).items():
                values = np.array(list(some.values()))
                chances = judge(self.engine, self.units[unit], self.where, values, self.clock, known[unit].best)
                similarities[unit] |= some
                confidences[unit] |= _by_word(some, chances)
        return reading, similarities

    def read(self, known: Mapping[Unit, Near], reading: Reading, similarities: Similarities) -> Reading:
        """The same with what is read of the words, for units that are to be read and words that have a reading."""
        if not self.are_read:
            return reading
        asked = {unit: words for unit, words in similarities.items() if self.units[unit].strings}
        every = {word: UUID(word) for words in asked.values() for word in words}
        with self.clock.stage("search"):
            readings = self.engine.index.readings(list(every.values()))
        confidences = dict(reading.confidences)
        for unit, words in asked.items():
            some = {word: readings[every[word]] for word in words if every[word] in readings}
            values = np.array([words[word] for word in some])
            _, chances = judge_read(self.engine, self.units[unit], known[unit].background, values, list(some.values()))
            confidences[unit] = {**confidences[unit], **_by_word(some, chances)}
        return replace(reading, confidences=confidences, least=LEAST_READ)

    def _lines(self, words: Sequence[WordRecord]) -> Lines:
        """The lines of the words, and those above and below that a path may reach."""
        with self.clock.stage("catalogue"):
            own = {(word.page_id, word.line) for word in words}
            found = self.engine.catalogue.words_on_lines(sorted(own))
            lines = lines_of(found)
            beyond = {line for word in words for line in lines.beyond(word, self.terms - 1)} - own
            return lines_of(found + self.engine.catalogue.words_on_lines(sorted(beyond))) if beyond else lines

    def _similarities(self, words: Mapping[Unit, Sequence[str]]) -> Similarities:
        vectors = [self.units[unit].vector for unit in words]
        with self.clock.stage("search"):
            found = self.engine.index.similarities(vectors, [[UUID(word) for word in some] for some in words.values()])
        return {
            unit: {str(word): cosine for word, cosine in one.items()} for unit, one in zip(words, found, strict=True)
        }


def _by_word(words: Iterable[str], values: Numbers) -> dict[str, float]:
    return dict(zip(words, values.tolist(), strict=True))
