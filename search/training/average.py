"""The running average of a network in training, which is what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


@torch.no_grad()
def follow(average: Mapping[str, Tensor], network: Mapping[str, Tensor], keep: float) -> None:
    """Move an average a step, in place: the share `keep` of it stays. Both are states, batch statistics included."""
    assert average.keys() == network.keys(), "the states of one network"
    for name, new in network.items():
        mean = average[name]
        if mean.is_floating_point():
            mean.lerp_(new.to(mean.dtype), 1 - keep)
        else:
            mean.copy_(new)
