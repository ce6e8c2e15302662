"""The strings that words are compared with: those of the lexicon, and those that the reading head proposes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from open_clip.model import CustomTextCLIP

from search.adaptation.candidates import Vectors, spell_out
from search.adaptation.lexicon import Lexicon
from search.adaptation.spelling import Spelling

SHARE, LETTERS, UNLISTED, LENGTH = 0.45, 0.35, -2.3, 0.9
"""What counts for a string before anything is seen: its log-share; of one that no list holds, its log-chance by its
letters and a constant; and its length, as each letter costs likelihood. Fitted with the weights in `pseudo_labels`."""


@dataclass(frozen=True)
class Words:
    """A lexicon, where the text tower has its strings, and how its languages spell."""

    lexicon: Lexicon
    vectors: Vectors
    spelling: Spelling

    @classmethod
    def of(cls, model: CustomTextCLIP, lexicon: Lexicon) -> Words:
        """Spelled out by the model; the text tower never changes."""
        return cls(lexicon, spell_out(model, lexicon.words), Spelling(lexicon))

    def with_readings(self, model: CustomTextCLIP, readings: Sequence[str]) -> Strings:
        """The lexicon and the readings it lacks."""
        places = {word: place for place, word in enumerate(self.lexicon.words)}
        new = [reading for reading in dict.fromkeys(readings) if reading not in places]
        places |= {reading: len(self.lexicon) + place for place, reading in enumerate(new)}
        words = (*self.lexicon.words, *new)
        listed = SHARE * np.array(self.lexicon.log_share, np.float32)
        unlisted = [LETTERS * self.spelling.log_chance(word) + UNLISTED for word in new]
        prior = np.concatenate((listed, np.array(unlisted, np.float32)))
        prior += LENGTH * np.array([len(word) for word in words], np.float32)
        vectors = np.concatenate((self.vectors, spell_out(model, new)))
        return Strings(words, vectors, prior, np.array([places[reading] for reading in readings], np.int64))


@dataclass(frozen=True)
class Strings:
    """m strings, and which of them each of n words was read as."""

    words: tuple[str, ...]
    vectors: Vectors
    """float32 (m, d), unit rows."""
    prior: NDArray[np.float32]
    """(m,) what counts for each before anything is seen."""
    readings: NDArray[np.int64]
    """(n,) places in `words`."""
