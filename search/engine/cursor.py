"""Where one part of an answer ended, as text to be given back for the next."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

from infra.errors import UsageError

Rank = tuple[float | int | str, ...]
"""What decides the order of hits."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last hit shown."""

    rank: Rank
    shown: int
    """Hits up to it: how far a search has to look."""

    def to_text(self) -> str:
        """For an address or a form."""
        return base64.urlsafe_b64encode(json.dumps([self.shown, *self.rank]).encode()).decode()

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """The inverse of `to_text`. Raises UsageError."""
        try:
            content = json.loads(base64.urlsafe_b64decode(text.encode()))
        except ValueError as error:
            raise UsageError("this is no cursor of an earlier answer") from error
        if not isinstance(content, list) or not all(isinstance(part, float | int | str) for part in content):
            raise UsageError("this is no cursor of an earlier answer")
        shown, *rank = content or [None]
        if not isinstance(shown, int) or shown < 0:
            raise UsageError("this is no cursor of an earlier answer")
        return cls(tuple(rank), shown)
