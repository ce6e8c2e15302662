"""What people said of a collection's words: with the order to adapt, and in the portal before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.catalogue.labels import Labels
from ingest.catalogue.records import WordRecord
from search.adaptation.known import Known
from search.adaptation.told import Told
from workers.adapt_options import AdaptOptions
from workers.context import Context


@dataclass(frozen=True)
class Said:
    """By word ids."""

    labels: Mapping[str, Sequence[Told]]
    lines: Sequence[tuple[Sequence[str], Sequence[str]]]
    """Of each line the ids of its words and the words of its text, both in order."""
    pages: frozenset[str]
    """Ids of the pages these words are on."""

    def known(self, words: Sequence[str]) -> Known:
        """The same by the places of words in a sequence of ids."""
        places = {word: place for place, word in enumerate(words)}
        labels = {places[word]: some for word, some in self.labels.items() if word in places}
        return Known(labels, [([places[w] for w in line if w in places], texts) for line, texts in self.lines])


def said_of(context: Context, collection: str, options: AdaptOptions) -> Said:
    """Whatever was said of words of the collection of that id that are still there."""
    marks = [Told(label.word, label.text, label.right) for label in Labels(context.catalogue).of(collection)]
    labels: dict[str, list[Told]] = {}
    for one in (*marks, *options.told):
        labels.setdefault(one.word, []).append(one)
    live = context.catalogue.live_words([*labels, *(line.word for line in options.lines)])
    live = {word: found for word, found in live.items() if found.collection_id == collection}
    told = [line for line in options.lines if line.word in live]
    on_lines = _words_by_line(context, [live[line.word].word for line in told])
    lines = [(on_lines.get(_line(live[line.word].word), ()), line.texts) for line in told]
    pages = frozenset(found.word.page_id for found in live.values())
    return Said({word: some for word, some in labels.items() if word in live}, lines, pages)


def _words_by_line(context: Context, some: Sequence[WordRecord]) -> Mapping[tuple[str, int], Sequence[str]]:
    """Ids of all words of the lines of some words, in order."""
    words = context.catalogue.words_on_lines({_line(word) for word in some})
    found: dict[tuple[str, int], list[str]] = {}
    for word in sorted(words, key=lambda word: (word.position, word.region.x)):
        found.setdefault(_line(word), []).append(word.id)
    return found


def _line(word: WordRecord) -> tuple[str, int]:
    """Page id, line number."""
    return word.page_id, word.line
