"""What a training run is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

_RATES = MappingProxyType({"train-italian": 2.0, "train-iforal": 1.5, "train-timeus": 0.7, "train-lectrep": 0.8})


@dataclass(frozen=True)
class TrainingConfig:
    """A run is known by its folder: the same folder goes on where the run before was stopped."""

    data: Path
    """Folder of Parquet files; `train-*.parquet` are learned from, `heldout-*.parquet` only evaluated."""
    out: Path
    """Folder of the run: checkpoint, log, curve, exported weights."""
    words: Path | None = None
    """Folder of the decoded words; below `out` unless given, so that several runs can share it."""
    minutes: float = 60.0
    """Length of the schedule."""
    fonts: Path | None = None
    """Folder of font files, searched recursively, for synthetic words; none without it."""
    pages: Path | None = None
    """Folder of page images with PAGE XML beside them, whose word boxes are learned from as well."""
    synthetic_words: int = 150_000
    synthetic_share: float = 0.3
    """Share of drawn words that are synthetic."""
    rates: Mapping[str, float] = field(default_factory=lambda: _RATES)
    """How much more or less often a store's words are drawn than others'."""
    batch: int = 192
    paired: float = 0.3
    misses: int = 40
    chunks: int = 6
    queue: int = 3072
    """Vectors of former batches that serve as further negatives."""
    learning_rate: float = 2e-3
    decay_from: float = 0.55
    """Share of the schedule after which the learning rate falls, linearly to 0."""
    seed: int = 0
    threads: int = 2
    """Chunks worked on at once, on a CPU."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    start: Path | None = None
    """Weights to start from."""
    save_every: float = 3.0
    """Minutes."""
    evaluate_every: float = 20.0
    """Minutes; 0: never."""
    evaluate_words: int = 3000
    """Words of each held-out file in an evaluation during the run."""
    steps: int | None = None
    """Stop after so many steps in all, whatever the time; for tests."""
