"""Train the page network on the CPU: about an hour on one core."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from search.training_pages.annotations import Page, read_page
from search.training_pages.light import change_light
from search.training_pages.losses import page_loss, to_batch
from search.training_pages.network import PageNetwork
from search.training_pages.no_writing import empty_view
from search.training_pages.restore import restore
from search.training_pages.targets import Sample, random_view
from search.training_pages.upright import fit_upright

_EMPTY = 0.07
"""Share of the views that show no writing."""


def computes_bf16() -> bool:
    """Whether this processor has instructions for bf16."""
    can = torch.cpu.get_capabilities()
    return bool(can.get("avx512_bf16") or can.get("amx_bf16"))


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
    bf16: bool = computes_bf16()
    """Twice as fast where the CPU has it."""


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
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=1e-3)
    started, running, step, done = time.monotonic(), 0.0, 0, 0.0
    while done < 1:
        step += 1
        done = min(1.0, (time.monotonic() - started) / (60 * plan.minutes))
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * rate_at(done)
        batch = to_batch([_draw(pages, random, plan.side) for _ in range(plan.batch)])
        with torch.autocast("cpu", torch.bfloat16, enabled=plan.bf16):
            found = network(batch.pages.contiguous(memory_format=torch.channels_last))
        loss = page_loss(found.float(), batch, forgive=start is not None or done > plan.forgive_after)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        follow(average, network, min(0.995, step / (step + 20)))
        running += float(loss.detach())
        if step % 50 == 0:
            print(f"step {step}  loss {running / 50:.4f}  {done:.1%} of the time", flush=True)
            running = 0.0
        if step % 100 == 0:
            torch.save(average.state_dict(), weights)
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


def rate_at(done: float) -> float:
    """Learning rate as a share of the highest, by the share of the time that is over."""
    return done / 0.05 if done < 0.05 else max(0.003, (1 + math.cos(math.pi * (done - 0.05) / 0.95)) / 2)


def _draw(pages: Sequence[Page], random: np.random.Generator, side: int) -> Sample:
    if random.random() < _EMPTY:
        sample = empty_view(random, side)
    else:
        sample = random_view(pages[int(random.integers(len(pages)))], random, side)
    return replace(sample, grey=change_light(sample.grey, random))


def follow(average: nn.Module, network: nn.Module, keep: float) -> None:
    """Exponential average of weights and of batch statistics."""
    with torch.no_grad():
        for slow, fast in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if slow.dtype.is_floating_point:
                slow.lerp_(fast, 1 - keep)
            else:
                slow.copy_(fast)
