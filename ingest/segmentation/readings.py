"""The words of a line from its parts: the likely reading, and others where a gap is doubtful."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.geometry import Region
from ingest.segmentation.words import TextLine, WordBox

Doubt = tuple[float, float]
DOUBT: Doubt = (0.35, 0.55)
"""Gaps whose probability lies between are read both ways, as parting two words and as lying within one."""
ONE_READING: Doubt = (0.35, 0.35)
"""No gap is read both ways."""
_MOST_PARTS = 3
"""A merged reading covers at most so many parts."""


def read_line(parts: Sequence[Region], chances: Sequence[float], doubt: Doubt = DOUBT) -> TextLine:
    """All words of a line.

    `parts` are the boxes between neighbouring cuts, left to right, and `chances` the probability of each of the
    len(parts) - 1 cuts between them. A word is a run of parts bounded by cuts that may part words, without one inside
    that must.
    """
    words = []
    bounds = [1.0, *chances, 1.0]
    for start in range(len(parts)):
        for end in range(start + 1, len(parts) + 1):
            inside = bounds[start + 1 : end]
            if any(chance > doubt[1] for chance in inside):
                break
            if bounds[start] < doubt[0] or bounds[end] < doubt[0]:
                continue
            doubtful = [chance for chance in inside if chance >= doubt[0]]
            if doubtful and end - start > _MOST_PARTS:
                continue
            score = bounds[start] * bounds[end]
            for chance in inside:
                score *= 1 - chance
            words.append(WordBox(_around(parts[start:end]), start, end - start, round(score, 4)))
    return TextLine(_around(parts), tuple(words))


def _around(regions: Sequence[Region]) -> Region:
    region = regions[0]
    for other in regions[1:]:
        region = region.union(other)
    return region
