"""The characters the model knows, and the two normal forms of a string.

`characters` keeps case and diacritics, each diacritic as a character of its own; `fold` is the loose form that search
and the evaluation compare: no case, no diacritics, no punctuation.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_ASCII = "".join(chr(code) for code in range(0x20, 0x7F))
_MARKS = "".join(chr(c) for c in (*range(0x300, 0x30D), 0x323, 0x326, 0x327, 0x328, 0x331, 0x336, 0x33E))
_SUPERSCRIPT_LETTERS = "".join(chr(code) for code in range(0x363, 0x370))
_LATIN = "ſßæœøðþđłıƿȝɨʒÆŒØÐÞĐŁȜ"
_SCRIBAL = "⁊ꝰꝯꝑꝓꝗꝙꝛꝫꝭꝝẜȼꜹꜳꝏꝐꝒꝮꝟ℞℟℣ℓ℔"
_SIGNS = "¬°·§¶†£€—–«»“”„…•©×÷½¼¾¿¡¥"

CHARACTERS: tuple[str, ...] = tuple(dict.fromkeys(_ASCII + _MARKS + _SUPERSCRIPT_LETTERS + _LATIN + _SCRIBAL + _SIGNS))
"""Known characters, in the order of their token ids: appending keeps old checkpoints readable, reordering does not."""
UNKNOWN = "\N{REPLACEMENT CHARACTER}"

_ALIKE = {"’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'", "\u00a0": " ", "\u2009": " ", "‐": "-", "‑": "-", "−": "-"}
_KNOWN = frozenset(CHARACTERS)


@lru_cache(maxsize=65536)
def _degrade(character: str) -> str:
    """One character as known ones: itself, a look-alike, its compatibility form, its base Latin letter, or UNKNOWN."""
    if character in _ALIKE:
        return _ALIKE[character]
    if character in _KNOWN:
        return character
    if character.isspace():
        return " "
    parts = [c for c in unicodedata.normalize("NFKD", character) if c in _KNOWN]
    if parts:
        return "".join(parts)
    category = unicodedata.category(character)
    if category.startswith("M") or category in ("Cf", "Cc"):
        return ""
    return _base_letter(unicodedata.name(character, "")) or UNKNOWN


def _base_letter(name: str) -> str:
    """`a` for "LATIN SMALL LETTER A WITH STROKE"; empty where the Unicode name tells no base letter."""
    words = name.split()
    if len(words) >= 4 and words[0] == "LATIN" and words[2] == "LETTER" and len(words[3]) == 1:
        return words[3].lower() if words[1] == "SMALL" else words[3]
    return ""


def characters(text: str) -> str:
    """`text` as known characters alone: NFD, look-alikes unified, runs of white space one space, ends stripped."""
    known = "".join(_degrade(character) for character in unicodedata.normalize("NFD", text))
    return " ".join(known.split())


@lru_cache(maxsize=262144)
def fold(text: str) -> str:
    """Case-folded, stripped of diacritics and of all that is neither letter nor digit; may be empty.

    The label normalisation of Almazan et al., "Word Spotting and Recognition with Embedded Attributes", 2014.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(character for character in plain if character.isalnum())
