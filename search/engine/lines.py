"""Words around words: the lines of a page as reading paths through overlapping hypotheses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from ingest.catalogue.records import WordRecord

LineKey = tuple[str, int]
"""Page id and line number."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The words of some lines, and what follows and precedes each of them."""

    words: dict[LineKey, tuple[WordRecord, ...]]

    def after(self, word: WordRecord) -> list[WordRecord]:
        """Hypotheses that may follow: from where it ends on its line, or at the start of the next line."""
        line = self.words.get((word.page_id, word.line), ())
        end = word.position + word.span
        following = [other for other in line if other.position == end]
        if following or any(other.position >= end for other in line):
            return following
        below = self.words.get((word.page_id, word.line + 1), ())
        first = min((other.position for other in below), default=0)
        return [other for other in below if other.position == first]

    def before(self, word: WordRecord) -> list[WordRecord]:
        """Hypotheses that may precede: those that end where it starts, or at the end of the line above."""
        line = self.words.get((word.page_id, word.line), ())
        preceding = [other for other in line if other.position + other.span == word.position]
        if preceding or any(other.position < word.position for other in line):
            return preceding
        above = self.words.get((word.page_id, word.line - 1), ())
        last = max((other.position + other.span for other in above), default=0)
        return [other for other in above if other.position + other.span == last]

    def beyond(self, word: WordRecord, steps: int) -> list[LineKey]:
        """The lines above and below, where a path of that many steps from `word` may lead to them."""
        line = self.words.get((word.page_id, word.line), ())
        end = max((other.position + other.span for other in line), default=0)
        above = [(word.page_id, word.line - 1)] if word.position < steps and word.line > 0 else []
        return above + ([(word.page_id, word.line + 1)] if word.position + word.span + steps > end else [])


def lines_of(words: Iterable[WordRecord]) -> Lines:
    """Words in any order, by line."""
    lines: dict[LineKey, list[WordRecord]] = {}
    for word in words:
        lines.setdefault((word.page_id, word.line), []).append(word)
    return Lines({key: tuple(sorted(line, key=_reading_order)) for key, line in lines.items()})


_reading_order = attrgetter("position", "span", "id")
