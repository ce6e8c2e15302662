"""Views without writing: a photograph and made-up textures, so that pictures, covers and maps stay empty."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_sample_image

from search.training_pages.targets import STEP, Sample


def empty_view(random: np.random.Generator, side: int) -> Sample:
    """A view on which nothing is to be found."""
    draw = (_photograph, _photograph, _clouds, _grain, _scratches)[int(random.integers(5))]
    grey = draw(random, side)
    nothing = np.zeros((side // STEP, side // STEP), np.float32)
    return Sample(grey, nothing, nothing + 1, nothing, nothing, np.zeros((2, *nothing.shape), np.float32), nothing)


def _photograph(random: np.random.Generator, side: int) -> NDArray[np.uint8]:
    """A random part of scikit-learn's picture of a flower, at any size, turned and mirrored."""
    photograph = cv2.cvtColor(load_sample_image("flower.jpg"), cv2.COLOR_RGB2GRAY)
    scale = float(np.exp(random.uniform(np.log(0.8), np.log(5))))
    angle = float(random.uniform(0, 360))
    height, width = photograph.shape
    turn = cv2.getRotationMatrix2D((random.uniform(0, width), random.uniform(0, height)), angle, scale)
    matrix = np.asarray(turn, np.float64)
    matrix[:, 2] = matrix[:, 2] + [(side - width) / 2, (side - height) / 2]
    view = cv2.warpAffine(photograph, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(view if random.random() < 0.5 else view[:, ::-1], np.uint8)


def _clouds(random: np.random.Generator, side: int) -> NDArray[np.uint8]:
    """Noise of many sizes: stone, leather, foliage."""
    view = np.zeros((side, side), np.float32)
    fall = random.uniform(0.4, 1.0)
    for octave in range(1, 9):
        cells = min(side, 2**octave)
        coarse = random.normal(0, fall**octave, (cells, int(max(2, cells * random.uniform(0.3, 1)))))
        fine = cv2.resize(coarse.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
        view = view + np.asarray(fine, np.float32)
    view = 128 + view * random.uniform(15, 70) / max(float(view.std()), 1e-3)
    return np.asarray(np.clip(view, 0, 255), np.uint8)


def _grain(random: np.random.Generator, side: int) -> NDArray[np.uint8]:
    """Noise, blurred a little: microfilm, cloth, half-tone dots."""
    noise = random.normal(0, 1, (side, side)).astype(np.float32)
    view = cv2.GaussianBlur(noise, (0, 0), float(random.uniform(0.3, 3)), sigmaY=float(random.uniform(0.3, 3)))
    view = random.uniform(40, 220) + view * random.uniform(5, 60) / max(float(view.std()), 1e-3)
    return np.asarray(np.clip(view, 0, 255), np.uint8)


def _scratches(random: np.random.Generator, side: int) -> NDArray[np.uint8]:
    """Lines and arcs in all directions: maps, plans, hatching, borders, cracks."""
    view = np.full((side, side), int(random.integers(120, 256)), np.uint8)
    for _ in range(int(random.integers(3, 60))):
        shade, width = int(random.integers(0, 140)), int(random.integers(1, 5))
        (x, y), (u, v) = random.integers(5, side, (2, 2)).tolist()
        if random.random() < 0.6:
            cv2.line(view, (x, y), (u, v), shade, width, cv2.LINE_AA)
        else:
            turn, first, last = random.uniform(0, 360, 3).tolist()
            cv2.ellipse(view, (x, y), (u // 2, v // 2), turn, first, last, shade, width, cv2.LINE_AA)
    return view
