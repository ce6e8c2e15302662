"""Text from collections, made safe for the places where Streamlit would read Markdown."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([!-/:-@\[-`{-~])")
_SPACE = re.compile(r"\s+")
_LINKED = re.compile(r"(?<=http:)(?=//)|(?<=https:)(?=//)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)
_APART = "\u2060"
"""Not seen, and no line may break there: GitHub's Markdown makes links of addresses that hold none."""
_HIDDEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def plain(text: object) -> str:
    """The text so that Markdown shows it letter for letter: no markup, no links, no icons, no line breaks.

    Every ASCII punctuation mark is escaped, which CommonMark allows everywhere outside code; characters that are not
    seen or turn the reading direction are dropped, since a file name could use them to pass for another.
    """
    return _SPECIAL.sub(r"\\\1", _LINKED.sub(_APART, clean(text)))


def clean(text: object) -> str:
    """The text in one line without unseen characters, for places that show text as it is."""
    return _SPACE.sub(" ", _HIDDEN.sub(" ", str(text))).strip()


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 page`, `1,234 pages`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
