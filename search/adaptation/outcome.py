"""What an adaptation is told, and what comes of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from torch import Tensor

from search.adaptation.proxy import Verdict


@dataclass(frozen=True)
class AdaptConfig:
    """What an adaptation is told."""

    minutes: float = 15.0
    """For all of it, roughly: guessing and comparing included."""
    threads: int = 2
    seed: int = 0
    steps: int | None = None
    """Of each round, whatever the time; for tests."""


@dataclass(frozen=True)
class Adaptation:
    """What came of it."""

    delta: dict[str, Tensor] | None
    """What to change in the model; None where nothing better was found."""
    reason: str
    lexicon: str
    """Languages or name of the list, as used."""
    words: int
    """Looked at."""
    seen: int
    """Words that went through fine-tuning, repeats included."""
    rounds: int
    seconds: float
    verdict: Verdict | None
    """Of the last round's model against the one there was; None where it did not come to that."""

    def report(self) -> dict[str, Any]:
        """Plain values, without the delta."""
        plain = asdict(replace(self, delta=None))
        del plain["delta"]
        return {**plain, "better": self.delta is not None}
