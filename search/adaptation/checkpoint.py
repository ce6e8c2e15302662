"""What a killed adaptation had reached."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
import torch

from search.adaptation.outcome import AdaptConfig
from search.handwriting.ink import Pixels

log = structlog.get_logger(__name__)

_EVERY = 30.0
"""Seconds."""
_FORMAT = 2
"""Of what is kept; another one is another run's."""


class Checkpoint:
    """A file that is replaced in one step; of another run, or damaged, it counts as none."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path, self.fingerprint = path, fingerprint
        self.saved = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """`round`, `words` looked at, `seconds` spent, `start`: the image tower as it began, `tuner`: its state."""
        try:
            state: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            return None
        except Exception as error:  # torch and pickle raise many kinds
            log.warning("the checkpoint of an adaptation cannot be read; it starts anew", reason=str(error))
            return None
        return state if state.get("fingerprint") == self.fingerprint else None

    def save_now_and_then(
        self, number: int, words: int, seconds: float, start: dict[str, Any], tuner: Callable[[], dict[str, Any]]
    ) -> None:
        """Every half minute."""
        if time.monotonic() - self.saved < _EVERY:
            return
        state = {"round": number, "words": words, "seconds": seconds, "start": start, "tuner": tuner()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        torch.save({**state, "fingerprint": self.fingerprint}, part)
        part.replace(self.path)
        self.saved = time.monotonic()

    def forget(self) -> None:
        """The run has ended."""
        self.path.unlink(missing_ok=True)


def fingerprint(inks: Sequence[Pixels], config: AdaptConfig) -> str:
    """The same for a run on the same words with the same plan."""
    digest = hashlib.sha256(repr((_FORMAT, len(inks), config.minutes, config.seed, config.steps)).encode())
    for ink in inks[:: max(1, len(inks) // 64)]:
        digest.update(ink.tobytes())
    return digest.hexdigest()
