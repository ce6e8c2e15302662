"""Searches with known outcome: words that are there, words that are not, in collections of several sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.engine.background import SAMPLE, background
from search.engine.calibration.word_set import WordSet
from search.engine.confidence import BY_EXAMPLE, Asked, Kind
from search.engine.reading import READS, letters, read_among
from search.handwriting.classes import spell
from search.handwriting.likely import likely_strings
from search.handwriting.posteriors import Strings

DEPTH = 20
"""Hits of a search that are judged."""
SIZES = {100: 8, 1_000: 2, 10_000: 1}
"""Words of the collections searched, besides the whole one, and how many of that size are drawn."""
EXAMPLES = 3
"""Pictures of one word that serve as examples, at most."""
SHORTEST = 2
"""Letters of the shortest word asked."""

TextVectors = Callable[[Sequence[str]], NDArray[np.float32]]
"""Spellings -> float32 (n, d), as the engine asks for them."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One search: what was asked, and the first hits."""

    asked: Asked
    present: bool
    """The word asked for is in the collection searched."""
    similarities: NDArray[np.float64]
    """Or what they are ranked by instead."""
    right: NDArray[np.bool_]
    """Whether each hit is what was asked."""
    sought: int
    """Words of the collection that are what was asked; with `loose`, where more are, those among the hits."""


def trials(
    words: WordSet, others: Sequence[WordSet], text_vectors: TextVectors, kind: Kind, *, queries: int, seed: int = 0
) -> Iterator[Trial]:
    """Searches of `words` and of parts of it; half of the queries are words of `others` that are not there."""
    rng = np.random.default_rng(seed)
    foreign = _pooled(others)
    sizes = {size: repeats for size, repeats in SIZES.items() if size < len(words.labels)}
    for size, repeats in {**sizes, len(words.labels): 1}.items():
        for _ in range(repeats):
            part = words.part(np.sort(rng.permutation(len(words.labels))[:size]))
            yield from _searches(part, foreign, text_vectors, kind, max(1, queries // repeats), rng)


def _searches(
    words: WordSet, foreign: WordSet, text_vectors: TextVectors, kind: Kind, queries: int, rng: np.random.Generator
) -> Iterator[Trial]:
    by_example = kind in BY_EXAMPLE
    least, each = (2, EXAMPLES) if by_example else (1, 1)
    present = _drawn(words, queries // 2, least, each, rng, frozenset())
    absent = _drawn(foreign, queries - queries // 2, 1, 1, rng, frozenset(words.labels))
    readings = list(words.readings)
    sample = words.vectors[rng.permutation(len(words.vectors))[:SAMPLE]]
    for source, rows, is_present in ((words, present, True), (foreign, absent, False)):
        if not len(rows):
            continue
        vectors = source.vectors[rows] if by_example else text_vectors([str(text) for text in source.texts[rows]])
        scores = vectors @ words.vectors.T
        for row, vector, line in zip(rows, vectors, scores, strict=True):
            itself, label = by_example and is_present, str(source.labels[row])
            if itself:
                line[row] = -np.inf
            length: float = 0 if by_example else len(label)
            if kind in READS.values():
                strings = _strings(source, row, by_example)
                if not strings:
                    continue
                line, length = read_among(line.astype(np.float64), readings, strings, kind), letters(strings)
            about = Asked(kind, length, background(sample @ vector, len(words.labels)))
            yield _trial(words, line, label, about, is_present, int(itself))


def _strings(source: WordSet, row: int, by_example: bool) -> Strings:
    """What words are compared with once they are read; none where there is no letter."""
    if by_example:
        return likely_strings(source.readings[row])
    label = str(source.labels[row])
    return {label: 1.0} if spell(label) else {}


def _trial(words: WordSet, scores: NDArray[np.floating], label: str, asked: Asked, present: bool, itself: int) -> Trial:
    depth = min(DEPTH, len(scores) - itself)
    top = np.argpartition(-scores, depth - 1)[:depth]
    top = top[np.argsort(-scores[top], kind="stable")]
    judge = near if asked.kind == "loose" else _same
    right = np.array([judge(label, str(found)) for found in words.labels[top]], dtype=bool)
    sought = max(int((words.labels == label).sum()) - itself, int(right.sum()))
    return Trial(asked, present, scores[top].astype(np.float64), right, sought)


def _drawn(
    words: WordSet, most: int, least: int, each: int, rng: np.random.Generator, without: frozenset[str]
) -> NDArray[np.int64]:
    """Rows whose label occurs at least `least` times, `each` of a label; labels are drawn with equal chance."""
    rows: dict[str, list[int]] = {}
    for row, label in enumerate(words.labels):
        if len(label) >= SHORTEST and label not in without:
            rows.setdefault(str(label), []).append(row)
    labels = sorted(label for label, found in rows.items() if len(found) >= least)
    drawn = [row for i in rng.permutation(len(labels)) for row in rng.permutation(rows[labels[i]])[:each]]
    return np.array(drawn[:most], dtype=np.int64)


def _same(asked: str, found: str) -> bool:
    return asked == found


def near(asked: str, found: str) -> bool:
    """Whether two folded spellings differ by at most one letter in four, at least one."""
    allowed = max(1, len(asked) // 4)
    if abs(len(asked) - len(found)) > allowed:
        return False
    row = list(range(len(found) + 1))
    for i, a in enumerate(asked, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(found, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1] <= allowed


def _pooled(sets: Sequence[WordSet]) -> WordSet:
    return WordSet(
        "others",
        np.concatenate([one.vectors for one in sets]),
        np.concatenate([one.labels for one in sets]),
        np.concatenate([one.texts for one in sets]),
        np.concatenate([one.readings for one in sets]),
    )
