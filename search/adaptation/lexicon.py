"""The words a collection may hold: kept word lists of its languages, or the user's own list."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import wordfreq

from infra.errors import UsageError
from search.handwriting.alphabet import fold

LATIN = (
    "ca", "cs", "da", "de", "en", "es", "fi", "fr", "hu", "is", "it", "lt", "lv", "nb", "nl", "pl", "pt", "ro", "sh",
    "sk", "sl", "sv", "tr",
)  # fmt: skip
"""Languages whose lists are kept and whose letters the model knows."""
_ELISIONS = {
    "ca": ("d", "l", "m", "n", "s", "t"),
    "fr": ("c", "d", "j", "l", "m", "n", "qu", "s", "t"),
    "it": ("all", "c", "d", "dall", "dell", "l", "nell", "s", "un"),
}
"""What is written together with a word that begins with a vowel, in languages whose lists have the two apart."""
_VOWELS = tuple("aeiouyh")
_ELIDED, _ELIDED_SHARE = 8_000, math.log(0.08)
"""Of the commonest words those that are listed with elisions too, and how often one of them has a certain one."""
_MOST_WORDS = 60_000
_LONGEST = 24
_NUMBERS = 2_000
_NUMBER = math.log(1e-5)


@dataclass(frozen=True)
class Lexicon:
    """Folded strings, each once, with how likely each is to be written somewhere."""

    name: str
    """Languages, or the name of the list."""
    words: tuple[str, ...]
    log_share: tuple[float, ...]
    """Natural logarithm of each word's share of running text, roughly."""

    def __len__(self) -> int:
        return len(self.words)


def check_languages(languages: Sequence[str]) -> None:
    """Raises UsageError for a language without a kept list."""
    for language in languages:
        if language not in LATIN:
            raise UsageError(
                f"there is no word list for the language {language!r}: there are {', '.join(LATIN)}; "
                "for others give a list of your own with --words"
            )


def language_lexicon(languages: Sequence[str], most: int = _MOST_WORDS) -> Lexicon:
    """The commonest words of these languages (two-letter codes), and numbers. Raises UsageError for an unknown one."""
    check_languages(languages)
    shares: dict[str, float] = {}
    for language in languages:
        for word, share in folded_shares(language, most // len(languages)).items():
            shares[word] = max(shares.get(word, 0.0), share / len(languages))
    logs = {word: math.log(max(share, 1e-9)) for word, share in shares.items()}
    for language in languages:
        for word in list(folded_shares(language, most // len(languages)))[:_ELIDED]:
            if word.startswith(_VOWELS):
                for elision in _ELISIONS.get(language, ()):
                    logs.setdefault(elision + word, logs[word] + _ELIDED_SHARE)
    for number in (*range(_NUMBERS), *range(_NUMBERS, 2030)):
        logs.setdefault(str(number), _NUMBER)
    return Lexicon(",".join(languages), tuple(logs), tuple(logs.values()))


def list_lexicon(path: Path) -> Lexicon:
    """A text file, one word or several a line. Raises UsageError where it cannot be read or holds no word."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: the list of words cannot be read as UTF-8 text: {error}") from error
    lexicon = word_lexicon(text.split(), path.name)
    if not lexicon.words:
        raise UsageError(f"{path}: the list holds no word")
    return lexicon


def word_lexicon(words: Sequence[str], name: str = "own list") -> Lexicon:
    """Words as given; one that is given often is a common one."""
    counts: dict[str, int] = {}
    for word in words:
        folded = fold(word)[:_LONGEST]
        if folded:
            counts[folded] = counts.get(folded, 0) + 1
    total = sum(counts.values())
    return Lexicon(name, tuple(counts), tuple(math.log(count / total) for count in counts.values()))


@cache
def folded_shares(language: str, most: int) -> dict[str, float]:
    """The list of a language, forms that fold to the same added up."""
    frequencies, commonest = wordfreq.get_frequency_dict(language), wordfreq.top_n_list(language, most)
    wordfreq.get_frequency_dict.cache_clear()  # whole lists, tens of megabytes a language
    wordfreq.get_frequency_list.cache_clear()
    shares: dict[str, float] = {}
    for word in commonest:
        folded = fold(word)
        if folded and len(folded) <= _LONGEST:
            shares[folded] = shares.get(folded, 0.0) + frequencies.get(word, 1e-8)
    return shares
