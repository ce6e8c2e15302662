"""Training by the clock on the CPU, which the networks of pages and of lines share."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from search.training.average import follow

Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a network is led down."""

    minutes: float
    """The learning rate follows the clock, so that a busy machine does fewer steps but ends well."""
    rate: float
    """Highest learning rate: reached after 5% of the time, then falling as a cosine."""
    decay: float
    keep: float
    """Share of the running average that stays at a step, once there were many."""
    report: int
    """Steps from one line to the next; the average is written after every second one."""


def descend(network: Net, loss_at: Callable[[float], Tensor], pace: Pace, weights: Path) -> Net:
    """Train in place; the running average of the weights is returned, and written to `weights` now and then.

    `loss_at`: the loss of a new batch, by the share of the time that is over.
    """
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=pace.rate, weight_decay=pace.decay)
    started, running, step, done = time.monotonic(), 0.0, 0, 0.0
    while done < 1:
        step += 1
        done = min(1.0, (time.monotonic() - started) / (60 * pace.minutes))
        for group in optimiser.param_groups:
            group["lr"] = pace.rate * _rate_at(done)
        loss = loss_at(done)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        follow(average.state_dict(), network.state_dict(), min(pace.keep, step / (step + 20)))
        running += float(loss.detach())
        if step % pace.report == 0:
            print(f"step {step}  loss {running / pace.report:.4f}  {done:.1%} of the time", flush=True)
            running = 0.0
        if step % (2 * pace.report) == 0:
            torch.save(average.state_dict(), weights)
    return average


def _rate_at(done: float) -> float:
    """Learning rate as a share of the highest, by the share of the time that is over."""
    return done / 0.05 if done < 0.05 else max(0.003, (1 + math.cos(math.pi * (done - 0.05) / 0.95)) / 2)
