"""Hits as JSON Lines: one object a line, as the command line prints them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from search.engine.hits import Hit


def json_lines(hits: Sequence[Hit]) -> Iterator[str]:
    """One line a hit."""
    for hit in hits:
        yield json.dumps(hit.to_json(), ensure_ascii=False) + "\n"
