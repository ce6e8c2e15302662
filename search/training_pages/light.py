"""Change a view's light, ink and paper, as other cameras, pens and centuries would."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]


def change_light(grey: Grey, random: np.random.Generator) -> Grey:
    """uint8 (S, S) to uint8 (S, S): strokes, bleed-through, shadows, rules, contrast, blur, noise, JPEG; some each."""
    if random.random() < 0.25:
        grey = _change_strokes(grey, random)
    if random.random() < 0.2:
        grey = _bleed_through(grey, random)
    if random.random() < 0.15:
        grey = _rule(grey, random)
    view = grey.astype(np.float32)
    if random.random() < 0.4:
        view *= _shadow(view.shape[0], random)
    gain, lift = np.exp(random.normal(0, 0.3)), random.normal(0, 25)
    middle = float(view.mean())
    view = (view - middle) * gain + middle + lift
    view = 255 * (np.clip(view, 0, 255) / 255) ** np.exp(random.normal(0, 0.25))
    if random.random() < 0.25:
        view = cv2.GaussianBlur(view, (0, 0), float(random.uniform(0.4, 1.3)))
    if random.random() < 0.5:
        view = view + random.normal(0, random.uniform(1, 12), view.shape)
    grey = np.clip(view, 0, 255).astype(np.uint8)
    if random.random() < 0.3:
        _, packed = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 80))])
        grey = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return grey


def _change_strokes(grey: Grey, random: np.random.Generator) -> Grey:
    """Thinner or bolder, partly."""
    shaper = cv2.dilate if random.random() < 0.5 else cv2.erode
    share = random.uniform(0.3, 0.9)
    changed = shaper(grey, np.ones((2, 2), np.uint8))
    return np.asarray(cv2.addWeighted(grey, 1 - share, changed, share, 0), np.uint8)


def _bleed_through(grey: Grey, random: np.random.Generator) -> Grey:
    """The same writing mirrored, faint, as from the back of the leaf."""
    back = cv2.GaussianBlur(grey[:, ::-1], (0, 0), float(random.uniform(0.8, 2)))
    back = np.roll(back, int(random.integers(0, 60)), axis=0)
    faint = random.uniform(0.1, 0.4) * (np.float32(np.median(back)) - back.astype(np.float32)).clip(0)
    return np.clip(grey - faint, 0, 255).astype(np.uint8)


def _rule(grey: Grey, random: np.random.Generator) -> Grey:
    """Ruled lines, across or down."""
    ruled = grey.copy()
    pitch = int(random.integers(20, 70))
    darkness = int(random.integers(20, 140))
    lean = int(random.integers(-8, 9))
    side = grey.shape[0]
    for at in range(int(random.integers(0, pitch)), side, pitch):
        across = random.random() < 0.9
        ends = ([0, at], [side, at + lean]) if across else ([at, 0], [at + lean, side])
        stroke = np.zeros_like(grey)
        cv2.line(stroke, *ends, darkness, int(random.integers(1, 3)), cv2.LINE_AA)
        ruled = np.asarray(cv2.subtract(ruled, stroke), np.uint8)
    return ruled


def _shadow(side: int, random: np.random.Generator) -> NDArray[np.float32]:
    """A smooth field around 1, float32 (side, side)."""
    coarse = random.uniform(0.55, 1.15, (3, 3)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
