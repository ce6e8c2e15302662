"""Seeded randomness with a grain size."""

from __future__ import annotations

import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def generator(*names: object) -> np.random.Generator:
    """A random generator that depends on the names alone."""
    return np.random.default_rng(zlib.crc32("/".join(map(str, names)).encode()))


def smooth(rng: np.random.Generator, shape: tuple[int, int], grain: float) -> Floats:
    """Noise of `shape` (height, width), about standard normal, that changes over `grain` pixels."""
    height, width = shape
    rows, columns = max(2, round(height / grain) + 1), max(2, round(width / grain) + 1)
    coarse = rng.standard_normal((rows, columns)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
