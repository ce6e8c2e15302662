"""All that people said of the words that are learned from: labels, and lines that they transcribed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from search.adaptation.candidates import Seen
from search.adaptation.told import Told
from search.adaptation.transcribed import align


@dataclass(frozen=True)
class Known:
    """Words by their places among those learned from."""

    labels: Mapping[int, Sequence[Told]] = field(default_factory=dict)
    lines: Sequence[tuple[Sequence[int], Sequence[str]]] = ()
    """Of each line the places of its words and the words of its text, folded, both in order."""

    @property
    def places(self) -> frozenset[int]:
        """Of all words of which anything is known."""
        return frozenset(self.labels) | {place for places, _ in self.lines for place in places}

    def moved(self, to: Mapping[int, int]) -> Known:
        """The same with other places. `to`: old place -> new place."""
        labels = {to[place]: some for place, some in self.labels.items()}
        return Known(labels, [([to[place] for place in places], texts) for places, texts in self.lines])

    def told(self, seen: Seen) -> dict[int, Sequence[Told]]:
        """What is known of each word. `seen`: what the model makes of all words, by which lines find their words."""
        lines = (align(seen, places, texts) for places, texts in self.lines)
        aligned = {place: (Told("", text, True),) for line in lines for place, text in line.items()}
        return {**aligned, **self.labels}
