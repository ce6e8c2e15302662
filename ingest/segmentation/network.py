"""The page network: where writing runs, where words part, and how far they reach."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.segmentation.shipped import shipped_network
from ingest.sources.source import Grey

LETTER = 15.0
"""Height of an x on the copy the network knows best, pixels; from 9 to 24 it still sees well."""
STEP = 2
"""Pixels of the copy per map pixel."""
_MULTIPLE = 32
WEIGHTS = "weights/pages.onnx"

Map = NDArray[np.float32]
"""float32 (H / STEP, W / STEP)."""


@dataclass(frozen=True, slots=True)
class PageMaps:
    """What the network says of a page."""

    band: Map
    """Probability that the pixel lies between a baseline and the height of an x above it."""
    gap: Map
    """Probability that the pixel lies between two words; says nothing outside bands."""
    above: Map
    below: Map
    """How far the word at this pixel reaches up and down from it, map pixels; says nothing outside bands."""
    upright: float
    """How sure the writing stands on its feet and not on its head, 0 to 1; 1 where there is none."""


def find_maps(copy: Grey) -> PageMaps:
    """Run the network on a copy, uint8 (H, W), whose letters are about LETTER pixels high. Raises ModelError."""
    height, width = copy.shape
    padded = cv2.copyMakeBorder(copy, 0, -height % _MULTIPLE, 0, -width % _MULTIPLE, cv2.BORDER_REPLICATE)
    network = shipped_network(WEIGHTS)
    network.setInput((padded.astype(np.float32) / 255)[None, None])
    maps = np.asarray(network.forward(), np.float32)[0, :, : (height + 1) // STEP, : (width + 1) // STEP]
    band, gap = _probability(maps[0]), _probability(maps[1])
    above, below = np.maximum(maps[2:4], 0) * (LETTER / STEP)
    written = maps[4][band > 0.5]
    return PageMaps(band, gap, above, below, float(_probability(written).mean()) if len(written) else 1.0)


def _probability(logits: Map) -> Map:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), np.float32)
