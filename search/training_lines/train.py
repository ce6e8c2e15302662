"""Train the line network on the CPU: about an hour on one core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from search.embedding.device import cpu_gains_by_bf16
from search.training_lines.network import STEP, LineNetwork, in_order
from search.training_lines.recomposed import WordPage, recompose
from search.training_lines.views import TAKEN, View, random_view
from search.training_lines.written import GAP, UNKNOWN, Line
from search.training_pages.loop import Pace, descend


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train."""

    minutes: float = 60
    """The learning rate follows the clock, so that a busy machine does fewer steps but ends well."""
    batch: int = 24
    rate: float = 3e-3
    recomposed: float = 0.6
    """Share of the lines that are put together from words."""
    seed: int = 1
    threads: int = 1
    bf16: bool = field(default_factory=cpu_gains_by_bf16)


def train(
    written: Sequence[Sequence[Line]], words: Sequence[Sequence[WordPage]], plan: Plan, weights: Path
) -> LineNetwork:
    """Train from nothing on the lines of pages, and on words by collection, every collection as often as its root.

    The running average of the weights is written to `weights` every 200 steps and at the end.
    """
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    draw = _Draw(written, words, plan)
    network = LineNetwork().to(memory_format=torch.channels_last)

    def loss_at(_: float) -> Tensor:
        strips, labels = _batch([draw.view() for _ in range(plan.batch)])
        with torch.autocast("cpu", torch.bfloat16, enabled=plan.bf16):
            found = network(strips)
        return gap_loss(in_order(found.float()), labels)

    average = descend(network, loss_at, Pace(plan.minutes, plan.rate, decay=5e-3, keep=0.998, report=100), weights)
    torch.save(average.state_dict(), weights)
    return average


def gap_loss(found: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of logits (n, W / STEP) where labels, the same shape, know; gaps weigh as words do in all."""
    known = (labels != UNKNOWN).float()
    weight = known * torch.where(labels == GAP, 2.0, 1.0)
    wanted = (labels == GAP).float()
    each = nn.functional.binary_cross_entropy_with_logits(found, wanted, reduction="none")
    return (each * weight).sum() / weight.sum().clamp(min=1)


def _batch(views: Sequence[View]) -> tuple[Tensor, Tensor]:
    strips = torch.from_numpy(np.stack([strip for strip, _ in views]))[:, None].float() / 255
    labels = torch.from_numpy(np.stack([labels for _, labels in views])[:, ::STEP].astype(np.int64))
    return strips.contiguous(memory_format=torch.channels_last), labels


class _Draw:
    """Random views, a mixture of written and recomposed lines."""

    def __init__(self, written: Sequence[Sequence[Line]], words: Sequence[Sequence[WordPage]], plan: Plan) -> None:
        self._random = np.random.default_rng(plan.seed)
        self._written = [page for page in written if page]
        self._words = [collection for collection in words if collection]
        roots = np.sqrt([len(collection) for collection in self._words])
        self._shares = roots / roots.sum()
        self._recomposed = plan.recomposed if self._words else 0.0
        self._last: Line | None = None

    def view(self) -> View:
        """One view; recomposed lines often have the last one above or below."""
        random = self._random
        if random.random() >= self._recomposed:
            page = self._written[int(random.integers(len(self._written)))]
            return random_view(page[int(random.integers(len(page)))], random)
        pages = self._words[int(random.choice(len(self._words), p=self._shares))]
        line = recompose(pages[int(random.integers(len(pages)))], random, TAKEN)
        above, self._last = self._last, line
        return random_view(line, random, above if random.random() < 0.6 else None)
