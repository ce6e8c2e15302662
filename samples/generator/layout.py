"""Where each word stands on the flat sheet: lines, table cells, notes and insertions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from samples.generator.handwriting import Hand, InkedWord, Writer
from samples.generator.text import Block, Item

LineKind = Literal["heading", "body", "margin", "insertion", "page-number"]


class DoesNotFitError(Exception):
    """The text is too long for its page; the page's text or its hand must change."""


@dataclass(frozen=True, slots=True)
class Area:
    """The part of a sheet that is written on, pixels of the sheet."""

    left: int
    top: int
    right: int
    bottom: int
    margin_left: int
    """Where notes in the margin begin; they end a little before `left`."""


@dataclass(frozen=True, slots=True)
class PageStyle:
    """How the text of a page is set out."""

    hand: Hand
    note_hand: Hand
    pitch: int
    """Rows from one baseline to the next."""
    columns: tuple[float, ...] = (0.0,)
    """Where the cells of a table row begin, as fractions of the area's width."""
    indent: int = 60
    """Columns by which the first line of a paragraph stands in."""
    drift: float = 0.012
    """How unevenly the lines follow each other, in pitches; 0 on ruled paper."""


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word and its ink; the point (`x`, `y`) is the left end of its baseline, pixels of the sheet."""

    text: str
    ink: InkedWord
    x: int
    y: int
    struck: bool = False

    @property
    def right(self) -> int:
        """First column right of the ink."""
        return self.x + int(self.ink.ink.shape[1])


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """Words along one baseline."""

    kind: LineKind
    words: tuple[PlacedWord, ...]
    side: int = 0
    """0, or 1 for the right half of a spread."""


class Layout:
    """Sets the blocks of one side of a page, top to bottom."""

    def __init__(self, style: PageStyle, area: Area, side: int, rng: np.random.Generator) -> None:
        self._style = style
        self._area = area
        self._side = side
        self._rng = rng
        self._writer = Writer(style.hand, rng)
        self._y = float(area.top)
        self._lines: list[PlacedLine] = []

    def set(self, blocks: tuple[Block, ...]) -> list[PlacedLine]:
        """All lines; `DoesNotFitError` where the area is too small."""
        for block in blocks:
            if block.kind == "margin":
                self._note(block)
            elif block.kind == "heading":
                self._heading(block)
            elif block.kind == "row":
                self._row(block)
            else:
                self._prose(block)
        if self._y > self._area.bottom + self._style.pitch:
            raise DoesNotFitError(f"{self._y - self._area.bottom:.0f} pixels too long")
        return self._lines

    def _heading(self, block: Block) -> None:
        hand = self._style.hand
        writer = Writer(replace(hand, x_height=hand.x_height * 1.3, weight=hand.weight + 0.04), self._rng)
        for items in self._wrapped(block.cells[0], writer, self._width):
            self._line("heading", items, writer, centred=True)

    def _prose(self, block: Block) -> None:
        indent = self._style.indent if block.kind == "paragraph" else 0
        for items in self._wrapped(block.cells[0], self._writer, self._width, indent):
            if block.kind == "right":
                self._line("body", items, self._writer, right=True)
            else:
                self._line("body", items, self._writer, left=indent, centred=block.kind == "centre")
            indent = 0

    def _row(self, block: Block) -> None:
        starts = [round(self._width * column) for column in self._style.columns]
        widths = [right - left - 24 for left, right in zip(starts, [*starts[1:], self._width + 24], strict=True)]
        if len(block.cells) != len(starts):
            raise DoesNotFitError(f"a row of {len(block.cells)} cells for {len(starts)} columns")
        cells = [self._wrapped(cell, self._writer, width) for cell, width in zip(block.cells, widths, strict=True)]
        for number in range(max(map(len, cells))):
            self._cells(
                [(start, cell[number]) for start, cell in zip(starts, cells, strict=True) if number < len(cell)]
            )

    def _cells(self, cells: list[tuple[int, list[_Ready]]]) -> None:
        """One line made of the cells that have something at this height."""
        before = len(self._lines)
        height = self._y
        for start, items in cells:
            self._y = height
            self._line("body", items, self._writer, left=start)
        parts, self._lines = self._lines[before:], self._lines[:before]
        written = [line for line in parts if line.kind == "body"]
        words = tuple(word for line in written for word in line.words)
        self._lines += [PlacedLine("body", words, self._side), *(line for line in parts if line.kind != "body")]

    def _note(self, block: Block) -> None:
        """A note in the left margin, slightly askew, somewhere along the page."""
        area, rng = self._area, self._rng
        writer = Writer(self._style.note_hand, rng)
        width = area.left - area.margin_left - 40
        y = area.top + rng.uniform(0.2, 0.6) * (area.bottom - area.top)
        tilt = rng.normal(0, 0.025)
        for items in self._wrapped(block.cells[0], writer, width):
            words, x = [], area.margin_left + rng.normal(0, 4)
            for ready in items:
                words.append(ready.placed(x, y + tilt * (x - area.margin_left)))
                x += ready.width + writer.gap()
            self._lines.append(PlacedLine("margin", tuple(words), self._side))
            y += self._style.note_hand.x_height * 2.9

    @property
    def _width(self) -> int:
        return self._area.right - self._area.left

    def _wrapped(self, items: tuple[Item, ...], writer: Writer, width: float, indent: int = 0) -> list[list[_Ready]]:
        """The items written, and broken into lines of at most `width`; an insertion stays with the word before it."""
        lines: list[list[_Ready]] = [[]]
        x = float(indent)
        for item in items:
            if item.inserted:
                lines[-1].append(_Ready(item, ()))
                continue
            ready = _Ready(item, tuple(writer.write(word) for word in item.words))
            if x + ready.width > width and lines[-1]:
                lines.append([])
                x = 0.0
            lines[-1].append(ready)
            x += ready.width + writer.hand.x_height * writer.hand.space
        return lines

    def _line(
        self,
        kind: LineKind,
        items: list[_Ready],
        writer: Writer,
        *,
        left: int = 0,
        centred: bool = False,
        right: bool = False,
    ) -> None:
        """Put one line at the present height, its insertions above it, and go on to the next height."""
        area, rng, pitch = self._area, self._rng, self._style.pitch
        gaps = [writer.gap() for _ in items]
        length = sum(ready.width + gap for ready, gap in zip(items, gaps, strict=True) if not ready.item.inserted)
        spare = max(0.0, self._width - length)
        x = area.left + (spare / 2 if centred else spare - rng.uniform(0, 40) if right else left + rng.normal(0, 5))
        slope, phase = rng.normal(0, 0.003), rng.uniform(0, 6.3)
        words: list[PlacedWord] = []
        inserted: list[PlacedLine] = []
        for ready, gap in zip(items, gaps, strict=True):
            wander = slope * (x - area.left) + 0.03 * pitch * np.sin(x / 330 + phase) + rng.normal(0, 1.2)
            if ready.item.inserted:
                inserted.append(self._insertion(ready.item, x - gap / 2, self._y + wander))
                continue
            words.append(ready.placed(x, self._y + wander))
            x += ready.width + gap
        self._lines.append(PlacedLine(kind, tuple(words), self._side))
        self._lines += inserted
        self._y += pitch * rng.normal(1, self._style.drift)

    def _insertion(self, item: Item, middle: float, baseline: float) -> PlacedLine:
        """Small words squeezed in above the gap at `middle`."""
        hand = self._style.hand
        writer = Writer(replace(hand, x_height=hand.x_height * 0.68, space=hand.space * 0.9), self._rng)
        inks = [writer.write(word) for word in item.words]
        gap = writer.hand.x_height * writer.hand.space
        length = sum(ink.ink.shape[1] for ink in inks) + gap * (len(inks) - 1)
        x = min(max(middle - length / 2, self._area.left), self._area.right - length)
        words = []
        for text, ink in zip(item.words, inks, strict=True):
            words.append(PlacedWord(text, ink, round(x), round(baseline - 0.52 * self._style.pitch)))
            x += ink.ink.shape[1] + gap
        return PlacedLine("insertion", tuple(words), self._side)


@dataclass(frozen=True, slots=True)
class _Ready:
    """An item already written, waiting for its place; an insertion is written when its place is known."""

    item: Item
    inks: tuple[InkedWord, ...]

    @property
    def width(self) -> int:
        return sum(int(ink.ink.shape[1]) for ink in self.inks)

    def placed(self, x: float, y: float) -> PlacedWord:
        return PlacedWord(self.item.words[0], self.inks[0], round(x), round(y), self.item.struck)
