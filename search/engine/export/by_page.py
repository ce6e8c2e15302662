"""Hits of one page together."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.geometry import Region
from search.engine.hits import Hit, Part


def by_page(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Pages in the order of their best hit, their hits in the given order."""
    pages: dict[str, list[Hit]] = {}
    for hit in hits:
        pages.setdefault(hit.page.id, []).append(hit)
    return list(pages.values())


def by_line(hits: Sequence[Hit]) -> list[tuple[int, Region, list[Part]]]:
    """(line number, box around the hits on it, words from left to right) of one page's hits; a word once."""
    words = {part.word: part for hit in hits for part in hit.parts}
    lines: dict[int, list[Part]] = {}
    for part in words.values():
        lines.setdefault(part.line, []).append(part)
    found = []
    for number in sorted(lines):
        parts = sorted(lines[number], key=lambda part: (part.region.x, part.word))
        box = parts[0].region
        for part in parts[1:]:
            box = box.union(part.region)
        found.append((number, box, parts))
    return found
