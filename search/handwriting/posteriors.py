"""What the reading head makes of a word, small enough to lie beside its vector, and how well a string fits it.

A packed reading is a row of 16-bit entries, one for each class of `letters` that is likely in a column: bits 0 to 5 the
class, bit 6 set where a column begins, the others its log-probability in steps. A word takes some 150 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from search.handwriting.classes import BLANK, spell

_STEP = 1 / 16
"""Of a log-probability as packed."""
_LEAST = -5.0
"""Log-probability below which a class is left out of a column. On words of four training collections -8 took three
times the bytes and ranked them no better; -4 ranked them worse."""
_ABSENT = np.exp(-8.0)
"""What a class that was left out counts in its column."""
_CLASS, _BEGINS, _LEVEL = 0x3F, 0x40, 7

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


def fits(readings: Sequence[bytes], text: str) -> Fits:
    """Log-probability of a folded string, float64 (n,), given each of n packed readings.

    The forward pass of CTC over all words at once: Graves et al., "Connectionist Temporal Classification", 2006. It is
    finite: a string that is too long for a word has a very small one. ValueError for a text without a known letter.
    """
    letters = spell(text)
    if not letters:
        raise ValueError(f"there is no letter to be read in {text!r}")
    states = [BLANK, *(state for letter in letters for state in (letter, BLANK))]
    said = _emissions(readings, states)
    skips = np.zeros((len(states) - 2, 1))
    skips[1::2, 0] = [a != b for a, b in pairwise(letters)]
    before = np.zeros_like(said[0])
    before[:2] = said[0, :2]
    for column in said[1:]:
        here = before.copy()
        here[1:] += before[:-1]
        here[2:] += skips * before[:-2]
        before = here * column
    found: Fits = np.log(np.maximum(before[-1] + before[-2], np.finfo(np.float64).tiny))
    return found


def _emissions(readings: Sequence[bytes], states: list[int]) -> Fits:
    """What each column of each word gives each state, float64 (columns, states, words), at least one column.

    Columns past a word's end say nothing for sure.
    """
    entries = np.frombuffer(b"".join(readings), "<u2")
    begins = entries & _BEGINS != 0
    words = np.repeat(np.arange(len(readings)), [len(reading) // 2 for reading in readings])
    lengths = np.bincount(words[begins], minlength=len(readings))
    columns = np.cumsum(begins) - 1 - (np.cumsum(lengths) - lengths)[words]
    classes = sorted(set(states))
    past = np.arange(max(int(lengths.max(initial=0)), 1))[:, None] >= lengths
    said = np.where(past[:, None], np.equal(classes, BLANK)[:, None], _ABSENT)
    slots = np.full(_CLASS + 1, -1)
    slots[classes] = np.arange(len(classes))
    slot = slots[entries & _CLASS]
    told = slot >= 0
    said[columns[told], slot[told], words[told]] = np.exp(-_STEP * (entries[told] >> _LEVEL))
    emissions: Fits = said[:, slots[states]]
    return emissions
