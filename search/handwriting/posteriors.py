"""What the reading head makes of a word, small enough to lie beside its vector, and how well a string fits it.

A packed reading is a row of 16-bit entries, one for each class of `letters` that is likely in a column: bits 0 to 5 the
class, bit 6 set where a column begins, the others its log-probability in steps. A word takes some 150 bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from search.handwriting.classes import BLANK, spell

_STEP = 1 / 16
"""Of a log-probability as packed."""
_LEAST = -5.0
"""Log-probability below which a class is left out of a column. On words of four training collections -8 took three
times the bytes and ranked them no better; -4 ranked them worse."""
ABSENT = math.exp(-8.0)
"""What a class that was left out counts in its column."""
_CLASS, _BEGINS, _LEVEL = 0x3F, 0x40, 7

Strings = Mapping[str, float]
"""Folded strings, and the chance or weight of each."""
Logs = NDArray[np.float32]
Fits = NDArray[np.float64]


def packed_readings(chances: Logs, lengths: NDArray[np.int64]) -> list[bytes]:
    """What `letter_chances` gives, float32 (n, t, classes), and int64 (n,) real columns -> n packed readings.

    Neighbouring columns that say the same one thing become one: to CTC that makes no difference.
    """
    kept = chances > _LEAST
    kept &= (np.arange(chances.shape[1]) < lengths[:, None])[..., None]
    says = np.where(kept.sum(axis=2) == 1, kept.argmax(axis=2), -1)
    kept[:, 1:] &= ((says[:, 1:] != says[:, :-1]) | (says[:, 1:] < 0))[..., None]
    words, columns, classes = np.nonzero(kept)
    begins = np.ones(len(words), bool)
    begins[1:] = (words[1:] != words[:-1]) | (columns[1:] != columns[:-1])
    levels = np.rint(-chances[words, columns, classes] / _STEP).astype(np.int64).clip(0)
    entries = (classes | begins * _BEGINS | levels << _LEVEL).astype("<u2")
    ends = np.searchsorted(words, np.arange(1, len(chances)))
    return [part.tobytes() for part in np.split(entries, ends)]


def unpacked(reading: bytes) -> list[dict[int, float]]:
    """Column by column, the classes that a packed reading tells and their chances; a class left out has ABSENT."""
    said: list[dict[int, float]] = []
    for entry in np.frombuffer(reading, "<u2").tolist():
        if entry & _BEGINS:
            said.append({})
        said[-1][entry & _CLASS] = math.exp(-_STEP * (entry >> _LEVEL))
    return said


def fits(readings: Sequence[bytes], strings: Strings) -> Fits:
    """Log-probability of one of some folded strings, float64 (n,), given each of n packed readings.

    The forward pass of CTC over all words and all beginnings of the strings at once: Graves et al., "Connectionist
    Temporal Classification", 2006. It is finite: a string that is too long for a word has a very small one. ValueError
    for a string without a known letter.
    """
    beginnings = _beginnings(strings)
    classes = sorted({BLANK, *(letters[-1] for letters in beginnings if letters)})
    own = np.array([classes.index(letters[-1]) for letters in beginnings if letters])
    shorter = np.array([beginnings[letters[:-1]] for letters in beginnings if letters])
    skips = np.array([[letters[-2:-1] != letters[-1:]] for letters in beginnings if letters])
    blank, letter = np.zeros((2, len(beginnings), len(readings)))  # what the last column said
    blank[0] = 1.0
    for column in _emissions(readings, classes):
        longer = blank[shorter] + skips * letter[shorter]
        blank = (blank + letter) * column[0]
        letter[1:] = (letter[1:] + longer) * column[own]
    whole = [beginnings[tuple(spell(text))] for text in strings]
    found: Fits = np.log(np.maximum(list(strings.values()) @ (blank + letter)[whole], np.finfo(np.float64).tiny))
    return found


def _beginnings(strings: Strings) -> dict[tuple[int, ...], int]:
    """All beginnings of the strings, as classes, and their places; shorter ones first, the empty one at 0."""
    spelled = {text: tuple(spell(text)) for text in strings}
    if silent := [text for text, letters in spelled.items() if not letters]:
        raise ValueError(f"there is no letter to be read in {silent[0]!r}")
    every = {letters[:end] for letters in spelled.values() for end in range(len(letters) + 1)}
    return {letters: place for place, letters in enumerate(sorted(every, key=lambda letters: (len(letters), letters)))}


def _emissions(readings: Sequence[bytes], classes: list[int]) -> Fits:
    """What each column of each word gives each class, float64 (columns, classes, words), at least one column.

    Columns past a word's end say nothing for sure.
    """
    entries = np.frombuffer(b"".join(readings), "<u2")
    begins = entries & _BEGINS != 0
    words = np.repeat(np.arange(len(readings)), [len(reading) // 2 for reading in readings])
    lengths = np.bincount(words[begins], minlength=len(readings))
    columns = np.cumsum(begins) - 1 - (np.cumsum(lengths) - lengths)[words]
    past = np.arange(max(int(lengths.max(initial=0)), 1))[:, None] >= lengths
    said = np.where(past[:, None], np.equal(classes, BLANK)[:, None], ABSENT)
    slots = np.full(_CLASS + 1, -1)
    slots[classes] = np.arange(len(classes))
    slot = slots[entries & _CLASS]
    told = slot >= 0
    said[columns[told], slot[told], words[told]] = np.exp(-_STEP * (entries[told] >> _LEVEL))
    return said
