"""How well words asked for are found on pages whose text is known: rankings of lines and of pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import cv2
import numpy as np

from ingest.geometry import Region
from search.evaluation.average_precision import average_precision
from search.evaluation.page_xml import TruthLine, TruthPage
from search.handwriting.alphabet import fold

LEAST_LETTERS = 3
"""Shorter words are not asked for."""

Place = tuple[str, int]
"""Page and line number."""
Ranking = Mapping[Place, float]
"""Best confidence of the hits at each place; places without a hit are absent."""


@dataclass(frozen=True, slots=True)
class FoundWord:
    """One answer to a query."""

    page: str
    """Key of the page in the ground truth."""
    region: Region
    """In the ground truth's pixels."""
    confidence: float


@dataclass(frozen=True, slots=True)
class RankingScores:
    """Fractions of 1; None where nothing could be asked."""

    line_map: float | None
    """Mean over queries of the average precision of lines."""
    line_ap: float | None
    """Average precision of all query-line pairs in one ranking by confidence."""
    page_map: float | None
    page_ap: float | None
    queries: int
    line_precisions: tuple[float, ...] = ()
    page_precisions: tuple[float, ...] = ()
    """Average precision of each query."""


Ask = Callable[[str], Iterable[FoundWord]]
"""All answers to a folded word, in any order, not cut off."""


def score_search(truth: Mapping[str, TruthPage], ask: Ask) -> RankingScores:
    """Ask every distinct word of the ground truth, folded, and rank lines and pages by their best hit.

    A hit counts for the line whose outline holds its centre; a relevant line that no hit meets counts as never found.
    """
    relevant = words_by_line(truth)
    places = {page: LineFinder(one.lines) for page, one in truth.items()}
    line_rankings, page_rankings = [], []
    for word in relevant:
        hits = [hit for hit in ask(word) if hit.page in places]
        lines = best_by_place(hits, lambda hit: _line(hit.page, places[hit.page].line_at(hit.region)))
        line_rankings.append((lines, relevant[word]))
        pages = best_by_place(hits, lambda hit: (hit.page, 0))
        page_rankings.append((pages, {(page, 0) for page, _ in relevant[word]}))
    return RankingScores(
        mean_average_precision(line_rankings),
        pooled_average_precision(line_rankings),
        mean_average_precision(page_rankings),
        pooled_average_precision(page_rankings),
        len(relevant),
        tuple(precision_of(*one) for one in line_rankings),
        tuple(precision_of(*one) for one in page_rankings),
    )


def best_by_place(hits: Iterable[FoundWord], place: Callable[[FoundWord], Place | None]) -> Ranking:
    """The best confidence at each place; hits without a place are left out."""
    best: dict[Place, float] = {}
    for hit in hits:
        at = place(hit)
        if at is not None:
            best[at] = max(hit.confidence, best.get(at, -math.inf))
    return best


def precision_of(ranking: Ranking, relevant: AbstractSet[Place]) -> float:
    """Average precision of one query."""
    return _average_precision(list(ranking.items()), relevant)


def _line(page: str, number: int | None) -> Place | None:
    return None if number is None else (page, number)


def words_by_line(truth: Mapping[str, TruthPage]) -> dict[str, set[Place]]:
    """Each folded word of at least LEAST_LETTERS letters, sorted, with the lines it stands on."""
    lines: dict[str, set[Place]] = {}
    for page, one in truth.items():
        for number, line in enumerate(one.lines):
            for word in map(fold, line.text.split()):
                if sum(character.isalpha() for character in word) >= LEAST_LETTERS:
                    lines.setdefault(word, set()).add((page, number))
    return dict(sorted(lines.items()))


def mean_average_precision(rankings: Sequence[tuple[Ranking, set[Place]]]) -> float | None:
    """Mean over queries, each with its ranking and its relevant lines; None for no query."""
    if not rankings:
        return None
    return math.fsum(precision_of(ranking, relevant) for ranking, relevant in rankings) / len(rankings)


def pooled_average_precision(rankings: Sequence[tuple[Ranking, set[Place]]]) -> float | None:
    """Average precision of all pairs of query and line under one threshold; None for no query."""
    if not rankings:
        return None
    pairs = [((i, key), score) for i, (ranking, _) in enumerate(rankings) for key, score in ranking.items()]
    return _average_precision(pairs, {(i, key) for i, (_, relevant) in enumerate(rankings) for key in relevant})


def _average_precision(scored: Sequence[tuple[object, float]], relevant: AbstractSet[object]) -> float:
    """Ties at their mean rank; relevant items that were not ranked count as never found."""
    ranked = np.array([i for i, (key, _) in enumerate(scored) if key in relevant], np.int64)
    if not len(ranked):
        return 0.0
    scores = np.array([score for _, score in scored], np.float32)
    return average_precision(scores, ranked) * len(ranked) / len(relevant)


class LineFinder:
    """Which line of a page holds a box."""

    def __init__(self, lines: Sequence[TruthLine]) -> None:
        self._outlines = [np.array(line.outline, np.float32) for line in lines]
        self._boxes = [line.region for line in lines]
        self._known: dict[Region, int | None] = {}
        """The same boxes are found again and again."""

    def line_at(self, region: Region) -> int | None:
        """The line whose outline holds the centre of the box, the one it lies deepest in where outlines overlap."""
        if region not in self._known:
            self._known[region] = self._line_at(region)
        return self._known[region]

    def _line_at(self, region: Region) -> int | None:
        x, y = region.centre
        best, depth = None, 0.0
        for number, (outline, box) in enumerate(zip(self._outlines, self._boxes, strict=True)):
            if box.x <= x <= box.x2 and box.y <= y <= box.y2:
                inside = float(cv2.pointPolygonTest(outline, (x, y), measureDist=True))
                if inside >= 0 and (best is None or inside > depth):
                    best, depth = number, inside
        return best
