"""Reads the plain text of a sample document.

    # words      heading                    > words      set to the right
    = words      centred                    | a | b |    row of a table
    << words     note in the margin         ===          next page
    ||           right half of a spread
    ~~word~~     crossed out                {^words^}    written in later, between the lines

Other lines are prose; an empty line ends a paragraph.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

BlockKind = Literal["heading", "centre", "right", "row", "margin", "paragraph"]

_MARKS: tuple[tuple[str, BlockKind], ...] = (
    ("# ", "heading"),
    ("= ", "centre"),
    ("> ", "right"),
    ("<< ", "margin"),
)
_TOKEN = re.compile(r"\{\^.*?\^\}|\S+")


@dataclass(frozen=True, slots=True)
class Item:
    """A word, or a run of words written in later above the place it stands at."""

    words: tuple[str, ...]
    struck: bool = False
    inserted: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, paragraph, note or table row; only a row has more than one cell."""

    kind: BlockKind
    cells: tuple[tuple[Item, ...], ...]


@dataclass(frozen=True, slots=True)
class PageText:
    """The blocks of a page in reading order: one side, or the two of a spread."""

    sides: tuple[tuple[Block, ...], ...]

    @property
    def word_count(self) -> int:
        """Words on the page, notes and insertions included."""
        return sum(len(item.words) for side in self.sides for block in side for cell in block.cells for item in cell)


def read_pages(path: Path) -> tuple[PageText, ...]:
    """The pages of one text file."""
    text = path.read_text(encoding="utf-8")
    return tuple(_page(part) for part in re.split(r"(?m)^===$", text))


def _page(text: str) -> PageText:
    return PageText(tuple(_blocks(side) for side in re.split(r"(?m)^\|\|$", text)))


def _blocks(text: str) -> tuple[Block, ...]:
    return tuple(_block(line.strip()) for line in text.splitlines() if line.strip())


def _block(line: str) -> Block:
    if line.startswith("|"):
        return Block("row", tuple(_items(cell) for cell in line.strip("|").split("|")))
    for mark, kind in _MARKS:
        if line.startswith(mark):
            return Block(kind, (_items(line.removeprefix(mark)),))
    return Block("paragraph", (_items(line),))


def _items(text: str) -> tuple[Item, ...]:
    return tuple(_item(token) for token in _TOKEN.findall(text))


def _item(token: str) -> Item:
    if token.startswith("{^"):
        return Item(tuple(token[2:-2].split()), inserted=True)
    if token.startswith("~~"):
        return Item((token.strip("~"),), struck=True)
    return Item((token,))
