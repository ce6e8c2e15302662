"""Train the page network on the CPU: about an hour on one core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from search.embedding.device import cpu_gains_by_bf16
from search.training_pages.annotations import Page, read_page
from search.training_pages.light import change_light
from search.training_pages.loop import Pace, descend
from search.training_pages.losses import page_loss, to_batch
from search.training_pages.network import PageNetwork
from search.training_pages.no_writing import empty_view
from search.training_pages.restore import restore
from search.training_pages.targets import Sample, random_view
from search.training_pages.upright import fit_upright

_EMPTY = 0.07
"""Share of the views that show no writing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train."""

    minutes: float = 75
    """How long to train; the learning rate follows the clock, so that a busy machine does fewer steps but ends well."""
    batch: int = 3
    side: int = 480
    """Side of a view, pixels."""
    rate: float = 2e-3
    """Highest learning rate: reached after 5% of the time, then falling as a cosine."""
    forgive_after: float = 0.4
    """Share of the time after which writing found outside transcribed lines is forgiven."""
    seed: int = 1
    threads: int = 1
    bf16: bool = field(default_factory=cpu_gains_by_bf16)


def read_pages(folder: Path, incomplete: frozenset[str] = frozenset({"iforal", "timeus"})) -> list[Page]:
    """All pages under `folder` that have ground truth; folders named in `incomplete` are partly transcribed."""
    images = sorted(image for image in folder.rglob("*.jpg") if image.with_suffix(".xml").exists())
    return [read_page(image, complete=image.parent.name not in incomplete) for image in images]


def train(pages: Sequence[Page], plan: Plan, weights: Path, start: Path | None = None) -> PageNetwork:
    """Train from scratch or on from `start`.

    The running average of the weights is written to `weights` every 100 steps and at the end.
    """
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    random = np.random.default_rng(plan.seed)
    network = _first(start, pages, random, plan).to(memory_format=torch.channels_last)

    def loss_at(done: float) -> Tensor:
        batch = to_batch([_draw(pages, random, plan.side) for _ in range(plan.batch)])
        with torch.autocast("cpu", torch.bfloat16, enabled=plan.bf16):
            found = network(batch.pages.contiguous(memory_format=torch.channels_last))
        return page_loss(found.float(), batch, forgive=start is not None or done > plan.forgive_after)

    average = descend(network, loss_at, Pace(plan.minutes, plan.rate, decay=1e-3, keep=0.995, report=50), weights)
    fit_upright(average, pages)
    torch.save(average.state_dict(), weights)
    return average


def _first(start: Path | None, pages: Sequence[Page], random: np.random.Generator, plan: Plan) -> PageNetwork:
    """A new network, or that of a torch state or of an ONNX file."""
    if start is not None and start.suffix == ".onnx":
        return restore(start, to_batch([_draw(pages, random, plan.side) for _ in range(16)]).pages)
    network = PageNetwork()
    if start is not None:
        network.load_state_dict(torch.load(start, weights_only=True))
    return network


def _draw(pages: Sequence[Page], random: np.random.Generator, side: int) -> Sample:
    if random.random() < _EMPTY:
        sample = empty_view(random, side)
    else:
        sample = random_view(pages[int(random.integers(len(pages)))], random, side)
    return replace(sample, grey=change_light(sample.grey, random))
