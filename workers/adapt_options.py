"""What is asked for when a model is to be adapted to a collection."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import UsageError
from search.adaptation.lexicon import Lexicon, check_languages, language_lexicon, list_lexicon, word_lexicon
from search.adaptation.told import Told, read_told
from search.adaptation.transcribed import ToldLine, read_lines


@dataclass(frozen=True, slots=True)
class AdaptOptions:
    """Kept in the catalogue as plain values, so that another machine may do the work."""

    languages: tuple[str, ...] = ()
    """Two-letter codes; none, and no words: guessed."""
    words: tuple[str, ...] = ()
    """A list of the user's own, instead."""
    minutes: float = 15.0
    told: tuple[Told, ...] = ()
    """What people said of words."""
    lines: tuple[ToldLine, ...] = ()
    """Lines that people transcribed."""

    @classmethod
    def of(
        cls, languages: str, words: Path | None, minutes: float, labels: Path | None = None, lines: Path | None = None
    ) -> AdaptOptions:
        """From what a person gives. Raises UsageError."""
        chosen = tuple(dict.fromkeys(part.strip().lower() for part in languages.split(",") if part.strip()))
        if chosen and words is not None:
            raise UsageError("Give --languages or --words, not both.")
        check_languages(chosen)
        listed = list_lexicon(words).words if words is not None else ()
        told = read_told(labels) if labels is not None else ()
        return cls(chosen, listed, minutes, told, read_lines(lines) if lines is not None else ())

    @classmethod
    def from_json(cls, plain: Any) -> AdaptOptions:
        """The inverse of `asdict`, through JSON."""
        told = tuple(Told(**one) for one in plain.get("told", ()))
        lines = tuple(ToldLine(one["word"], tuple(one["texts"])) for one in plain.get("lines", ()))
        return cls(tuple(plain["languages"]), tuple(plain["words"]), float(plain["minutes"]), told, lines)

    def lexicon(self) -> Lexicon | None:
        """None: to be guessed."""
        if self.words:
            return word_lexicon(self.words)
        return language_lexicon(self.languages) if self.languages else None
