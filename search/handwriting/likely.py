"""What a word that serves as an example may say: the strings that are likeliest by its packed reading."""

from __future__ import annotations

from collections.abc import Mapping

from search.handwriting.classes import BLANK, FOLDED
from search.handwriting.posteriors import ABSENT, unpacked

KEPT = 16
"""Strings. On words of six training collections 8 gained a little less in search by example, and 32 as much."""
_LETTER = 4.0
"""What a string gains by each letter: that two words say the same by mere chance is the less likely, the longer it is.
1 gained a quarter less there; 3 to 6 were alike."""

_Beam = dict[tuple[int, ...], tuple[float, float]]
"""Beginnings as classes -> chance of the columns so far, where the last says nothing, and where it says a letter."""


def likely_strings(reading: bytes) -> dict[str, float]:
    """At most KEPT folded strings, likeliest first, with weights that sum to 1; none where no letter is read.

    Prefix beam search over the columns: Hannun et al., "First-Pass Large Vocabulary Continuous Speech Recognition using
    Bi-Directional Recurrent DNNs", 2014.
    """
    beam: _Beam = {(): (1.0, 0.0)}
    for column in unpacked(reading):
        longer = _longer(beam, column)
        beam = dict(sorted(longer.items(), key=lambda item: -sum(item[1]))[:KEPT])
    beam.pop((), None)
    total = sum(map(sum, beam.values()))
    return {"".join(FOLDED[letter - 1] for letter in letters): sum(last) / total for letters, last in beam.items()}


def _longer(beam: _Beam, column: Mapping[int, float]) -> _Beam:
    """After one more column, which may add a letter; classes that it does not tell add none."""
    found: _Beam = {}
    for letters, (silent, sounding) in beam.items():
        every, last = silent + sounding, letters[-1] if letters else BLANK
        _add(found, letters, every * column.get(BLANK, ABSENT), sounding * column.get(last, ABSENT))
        for letter, chance in column.items():
            before = silent if letter == last else every
            if letter != BLANK and before:
                _add(found, (*letters, letter), 0.0, _LETTER * chance * before)
    return found


def _add(found: _Beam, letters: tuple[int, ...], silent: float, sounding: float) -> None:
    before = found.get(letters, (0.0, 0.0))
    found[letters] = (before[0] + silent, before[1] + sounding)
