"""What people said of some words: these join the guesses, as certainties."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from open_clip.model import CustomTextCLIP

from infra.errors import UsageError
from search.adaptation.candidates import spell_out
from search.adaptation.pseudo_labels import Beliefs
from search.handwriting.alphabet import fold

_SAID = {"": True, "yes": True, "right": True, "1": True, "no": False, "wrong": False, "0": False}


@dataclass(frozen=True, slots=True)
class Told:
    """That a word says something, or that it does not."""

    word: str
    """Its id."""
    text: str
    """Folded."""
    right: bool


def read_told(path: Path) -> tuple[Told, ...]:
    """A CSV file with columns `word_id` and `text`, and `right` (yes or no) where some are not. Raises UsageError."""
    return tuple(_told(path, line, row) for line, row in labelled_rows(path))


def _told(path: Path, line: int, row: Mapping[str, str]) -> Told:
    text, said = fold(row["text"]), row["right"].lower()
    if not text or said not in _SAID:
        raise UsageError(f"{path}, line {line}: a text with a letter is needed, and yes or no under right, if anything")
    return Told(row["word_id"], text, _SAID[said])


def labelled_rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Number of a row's line in the file -> `word_id`, `text`, and `right`, empty where missing. Raises UsageError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"word_id", "text"} <= set(rows.fieldnames or ()):
                raise UsageError(f"{path}: a CSV file with columns word_id and text is needed")
            for line, row in enumerate(rows, 2):
                filled = {name: (row.get(name) or "").strip() for name in ("word_id", "text", "right")}
                if not (filled["word_id"] and filled["text"]):
                    raise UsageError(f"{path}, line {line}: word_id and text are needed")
                yield line, filled
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: it cannot be read as CSV in UTF-8: {error}") from error


def heed(model: CustomTextCLIP, beliefs: Beliefs, told: Mapping[int, Sequence[Told]]) -> Beliefs:
    """The same guesses, but what was said is certain. `told`: by place of a word among those guessed."""
    places = {word: place for place, word in enumerate(beliefs.words)}
    new = list(dict.fromkeys(one.text for some in told.values() for one in some if one.text not in places))
    places |= {word: len(beliefs.words) + place for place, word in enumerate(new)}
    candidates, chances = beliefs.candidates.copy(), beliefs.chances.copy()
    for word, some in told.items():
        for one in sorted(some, key=lambda one: one.right):
            if one.right:
                candidates[word, 0], chances[word] = places[one.text], 0.0
                chances[word, 0] = 1.0
            else:
                denied = candidates[word] == places[one.text]
                left = 1.0 - chances[word, denied].sum()
                chances[word] = np.where(denied, 0.0, chances[word] / max(left, 1e-6))
    vectors = np.concatenate((beliefs.vectors, spell_out(model, new)))
    return replace(
        beliefs, words=(*beliefs.words, *new), vectors=vectors, candidates=candidates, chances=chances.clip(0.0, 1.0)
    )
