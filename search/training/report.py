"""How a run is going: its curve, and what it finds in collections it never learns from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import structlog
from matplotlib.figure import Figure

from search.embedding.embedder import Crop, EmbeddingSpace, Vectors
from search.evaluation.words import WordsReport, evaluate_words
from search.handwriting.crops import encode_crops, encode_texts
from search.handwriting.model import NAME
from search.training.run import Run, export_weights

log = structlog.get_logger(__name__)


class RunEmbedder:
    """The running average of a run, as an embedder."""

    def __init__(self, run: Run) -> None:
        self.model = run.average.eval()
        self.space = EmbeddingSpace(NAME, f"step-{run.steps}", 256)

    def embed_crops(self, crops: Sequence[Crop]) -> Vectors:
        """float32 (n, 256), unit rows."""
        return encode_crops(self.model, crops)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """float32 (n, 256), unit rows."""
        return encode_texts(self.model, texts)


def evaluate_run(run: Run) -> float | None:
    """Mean average precision by string on part of each held-out file; the weights are kept where it is the best yet."""
    reports: dict[str, WordsReport] = {}
    for path in sorted(run.config.data.glob("heldout-*.parquet")):
        reports[path.stem] = evaluate_words(path, RunEmbedder(run), max_words=run.config.evaluate_words)
    if not reports:
        return None
    by_string = float(np.mean([report.qbs_map or 0.0 for report in reports.values()]))
    by_example = float(np.mean([report.qbe_map or 0.0 for report in reports.values()]))
    line = {"steps": run.steps, "minutes": round(run.seconds / 60, 2), "qbs_map": by_string, "qbe_map": by_example}
    log.info("evaluation", **line, **{name: report.qbs_map for name, report in reports.items()})
    former = _lines(run.config.out / "evaluations.jsonl")
    with (run.config.out / "evaluations.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    if by_string >= max((float(old["qbs_map"]) for old in former), default=0.0):
        export_weights(run.average, run.config.out / "best.safetensors")
    return by_string


def draw_curve(out: Path) -> None:
    """`curve.png`: the losses over time, and the held-out search quality where it was measured."""
    losses, found = _lines(out / "log.jsonl"), _lines(out / "evaluations.jsonl")
    figure = Figure(figsize=(10, 4))
    left, right = figure.subplots(1, 2)
    for name in ("text", "image", "reading", "phoc"):
        left.plot([line["minutes"] for line in losses], [line[name] for line in losses], label=name)
    left.set(xlabel="minutes", ylabel="loss", ylim=(0, 6))
    left.legend()
    for name in ("qbs_map", "qbe_map"):
        right.plot([line["minutes"] for line in found], [line[name] for line in found], "o-", label=name)
    right.set(xlabel="minutes", ylabel="held-out mAP (part)", ylim=(0, 1))
    right.legend()
    figure.savefig(out / "curve.png", dpi=100, bbox_inches="tight")


def _lines(path: Path) -> list[dict[str, float]]:
    """The objects of a JSON lines file; none where it is not there."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
