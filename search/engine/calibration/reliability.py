"""How far confidences can be trusted: expected calibration error, absent words, and a diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.engine.calibration.trials import Trial
from search.engine.confidence import Kind

BINS = 15
SURE = 0.5
"""Confidence from which a hit counts."""


@dataclass(frozen=True)
class Reliability:
    """Of the first hits of searches with known outcome."""

    searches: int
    error: float
    """Expected calibration error over the judged hits, 15 bins of equal width.
    Guo et al., "On Calibration of Modern Neural Networks", 2017."""
    error_first: float
    """The same over the first hit of each search."""
    error_shown: float | None
    """The same over hits with a confidence of 0.1 or more, which a reader may look at; None without any."""
    sure_precision: float | None
    """Share of right ones among hits that count; None where none counts."""
    sure_recall: float
    """Share of the words sought that are among the judged hits and count; at most as many as are judged."""
    absent_searches: int
    absent_with_sure: float
    """Share of searches for absent words that have a hit that counts."""
    absent_sure_hits: float
    """Hits that count in a search for an absent word, on average."""
    diagram: tuple[tuple[float, float, int], ...]
    """For each bin that holds hits: mean confidence, share of right ones, hits."""
    diagram_first: tuple[tuple[float, float, int], ...]
    """The same for the first hit of each search."""


def reliability(asked: Sequence[Trial], confidences: Sequence[NDArray[np.float64]]) -> Reliability:
    """Compare the confidences of each search's hits with the outcome."""
    chances = np.concatenate(confidences)
    right = np.concatenate([trial.right for trial in asked])
    first = np.array([found[0] for found in confidences])
    first_right = np.array([trial.right[0] for trial in asked])
    shown = chances >= 0.1
    sure = chances >= SURE
    absent = [found for trial, found in zip(asked, confidences, strict=True) if not trial.present]
    sought = sum(min(trial.sought, len(trial.right)) for trial in asked)
    return Reliability(
        searches=len(asked),
        error=calibration_error(chances, right),
        error_first=calibration_error(first, first_right),
        error_shown=calibration_error(chances[shown], right[shown]) if shown.any() else None,
        sure_precision=float(right[sure].mean()) if sure.any() else None,
        sure_recall=float((right & sure).sum() / max(sought, 1)),
        absent_searches=len(absent),
        absent_with_sure=float(np.mean([found[0] >= SURE for found in absent])) if absent else 0.0,
        absent_sure_hits=float(np.mean([(found >= SURE).sum() for found in absent])) if absent else 0.0,
        diagram=tuple(_bins(chances, right)),
        diagram_first=tuple(_bins(first, first_right)),
    )


def calibration_error(chances: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Mean distance between confidence and share of right ones over the bins, weighted by their hits."""
    return sum(hits * abs(mean - share) for mean, share, hits in _bins(chances, right)) / max(len(chances), 1)


def _bins(chances: NDArray[np.float64], right: NDArray[np.bool_]) -> list[tuple[float, float, int]]:
    number = np.minimum((chances * BINS).astype(np.int64), BINS - 1)
    return [
        (float(chances[inside].mean()), float(right[inside].mean()), int(inside.sum()))
        for one in range(BINS)
        if (inside := number == one).any()
    ]


def draw(found: Mapping[Kind, Mapping[str, Reliability]], path: Path) -> None:
    """Reliability diagrams as a PNG: a column for each kind of query, above all judged hits, below the first ones.

    One line a collection that the fit has not seen; a dot's size says how many hits it stands for.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * len(found), 8.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, len(found), squeeze=False)
    for column, (kind, by_set) in enumerate(found.items()):
        for axes, hits in zip(panels[:, column], ("first 20 hits", "first hit"), strict=True):
            axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
            for name, one in by_set.items():
                bins, error = (one.diagram, one.error) if hits != "first hit" else (one.diagram_first, one.error_first)
                means, shares, counts = zip(*bins, strict=True)
                [line] = axes.plot(means, shares, linewidth=1, label=f"{name}: {error:.3f}")
                axes.scatter(means, shares, s=np.clip(np.sqrt(counts), 2, 40), color=line.get_color())
            axes.set(title=f"by {kind}, {hits}", xlabel="confidence", ylabel="share of right hits")
            axes.set(xlim=(0, 1), ylim=(0, 1))
            axes.legend(fontsize=7, title="left out of the fit: calibration error", title_fontsize=7)
    figure.savefig(path, dpi=100)
