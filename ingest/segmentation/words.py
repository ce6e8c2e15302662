"""What segmentation returns: lines of words, in canvas pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingest.geometry import Region


@dataclass(frozen=True, slots=True)
class WordBox:
    """A word hypothesis. Overlapping ones are allowed where a gap is doubtful."""

    region: Region
    position: int
    """Place of its first part in the line, from 0; two readings of the same ink share the place they start at."""
    span: int = 1
    """How many places it covers: 2 for a merged reading of two neighbours."""
    score: float = 1.0
    """How sure the segmenter is that this is one whole word, 0 to 1."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """An ordered run of words, left to right."""

    region: Region
    words: tuple[WordBox, ...]

    def moved(self, move: Callable[[Region], Region]) -> TextLine:
        """The line with all its regions in other coordinates."""
        words = (WordBox(move(word.region), word.position, word.span, word.score) for word in self.words)
        return TextLine(move(self.region), tuple(words))
