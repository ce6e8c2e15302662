"""What the network is punished for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from search.training_pages.targets import Sample


@dataclass(frozen=True, slots=True)
class Batch:
    """Views and their maps: inputs float32 (n, 1, S, S), maps float32 (n, c, S / STEP, S / STEP)."""

    pages: Tensor
    targets: Tensor
    """Band, gap, above, below."""
    weights: Tensor
    """Of band, gap, and reach."""


def to_batch(samples: list[Sample]) -> Batch:
    """Stack views."""
    pages = np.stack([sample.grey for sample in samples])[:, None]
    targets = np.stack([np.stack([s.band, s.gap, *s.reach]) for s in samples])
    weights = np.stack([np.stack([s.band_weight, s.gap_weight, s.reach_weight]) for s in samples])
    return Batch(torch.from_numpy(pages).float() / 255, torch.from_numpy(targets), torch.from_numpy(weights))


def page_loss(found: Tensor, batch: Batch, forgive: bool) -> Tensor:
    """Cross entropy and Dice for bands, cross entropy for gaps inside bands, smooth L1 for reaches.

    With `forgive`, writing that is confidently found outside all transcribed lines costs nothing: transcribers leave
    things out (after Reed et al., 2014).
    """
    band, gap = batch.targets[:, 0], batch.targets[:, 1]
    band_weight, gap_weight, reach_weight = batch.weights.unbind(1)
    if forgive:
        sure = (found[:, 0].detach() > 1.0) & (band == 0) & (band_weight < 0.5)
        band_weight = band_weight * ~sure
    band_loss = _mean(functional.binary_cross_entropy_with_logits(found[:, 0], band, reduction="none"), band_weight)
    probability = torch.sigmoid(found[:, 0]) * (band_weight > 0)
    overlap = 2 * (probability * band).sum((1, 2)) + 50
    dice = 1 - overlap / (probability.sum((1, 2)) + (band * (band_weight > 0)).sum((1, 2)) + 50)
    gap_loss = _mean(functional.binary_cross_entropy_with_logits(found[:, 1], gap, reduction="none"), gap_weight)
    reach = functional.smooth_l1_loss(found[:, 2:4], batch.targets[:, 2:4], beta=0.3, reduction="none").sum(1)
    return 2 * band_loss + 0.5 * dice.mean() + gap_loss + 0.3 * _mean(reach, reach_weight)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=1)
