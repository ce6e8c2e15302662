"""Old paper: colour, fibres, stains, foxing, folds, and ruled lines."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from samples.generator.noise import Floats, smooth


@dataclass(frozen=True, slots=True)
class Paper:
    """What a sheet is made of and what has happened to it."""

    colour: tuple[int, int, int] = (229, 216, 188)
    mottling: float = 5.0
    """Unevenness of the colour, grey levels."""
    laid: bool = False
    """The fine lines of the mould, as in handmade paper."""
    foxing: int = 0
    """Number of brown spots."""
    stains: int = 0
    """Number of water stains with their tide lines."""
    folds: tuple[float, ...] = ()
    """Heights of folds, as fractions of the sheet."""
    rule: tuple[int, int, int] | None = None
    """Colour of ruled lines, or None."""


def make_paper(
    paper: Paper,
    size: tuple[int, int],
    baselines: range,
    uprights: list[int],
    rng: np.random.Generator,
) -> Floats:
    """A sheet of `size` (width, height) as RGB (height, width, 3), 0 to 255, ruled at `baselines` and `uprights`."""
    shape = (size[1], size[0])
    light = smooth(rng, shape, 260) * 0.6 + smooth(rng, shape, 60) * 0.3 + smooth(rng, shape, 9) * 0.25
    sheet = np.asarray(paper.colour, np.float32) + paper.mottling * light[..., None] * np.asarray(
        [0.8, 1, 1.3], np.float32
    )
    sheet += _age(shape, rng)
    if paper.laid:
        rows, columns = np.indices(shape, dtype=np.float32)
        sheet += (1.1 * np.sin(rows * 0.9) + 2.2 * (np.mod(columns, 142) < 2))[..., None]
    for _ in range(paper.foxing):
        _spot(sheet, rng)
    for _ in range(paper.stains):
        _stain(sheet, rng)
    for fold in paper.folds:
        _fold(sheet, fold, rng)
    if paper.rule:
        _rule(sheet, paper.rule, baselines, uprights, rng)
    return np.asarray(sheet, np.float32)


def _age(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Browner toward the edges."""
    rows, columns = np.indices(shape, dtype=np.float32)
    edge = np.minimum.reduce([rows, columns, shape[0] - rows, shape[1] - columns])
    brown = np.exp(-edge / 70) * (1 + 0.4 * smooth(rng, shape, 120))
    return np.asarray(-brown[..., None] * np.asarray([18, 24, 32]), np.float32)


def _spot(sheet: Floats, rng: np.random.Generator) -> None:
    height, width = sheet.shape[:2]
    radius = float(rng.uniform(2, 9))
    reach = 30
    x, y = (int(rng.integers(reach, side - reach)) for side in (width, height))
    rows, columns = np.ogrid[-reach:reach, -reach:reach]
    near = np.exp(-((columns**2 + rows**2) / (2 * radius**2)))
    sheet[y - reach : y + reach, x - reach : x + reach] -= (near * rng.uniform(0.15, 0.5))[..., None].astype(
        np.float32
    ) * np.asarray([50, 75, 95], np.float32)


def _stain(sheet: Floats, rng: np.random.Generator) -> None:
    """A pool of water that dried: a little darker inside, with a darker rim."""
    height, width = sheet.shape[:2]
    x, y = rng.choice([0.0, 1.0]) * width + rng.normal(0, 120), rng.uniform(0.1, 1.0) * height
    reach = rng.uniform(200, 420)
    rows, columns = np.ogrid[:height, :width]
    distance = np.hypot(columns - x, (rows - y) * rng.uniform(0.6, 1.2))
    inside = reach + 45 * smooth(rng, (height, width), 150) + 8 * smooth(rng, (height, width), 30) - distance
    pool = 1 / (1 + np.exp(-np.clip(inside / 4, -60, 60)))
    rim = np.exp(-np.abs(inside) / 7)
    sheet -= (9 * pool + 20 * rim)[..., None].astype(np.float32) * np.asarray([0.7, 1, 1.35], np.float32)


def _fold(sheet: Floats, fold: float, rng: np.random.Generator) -> None:
    height, width = sheet.shape[:2]
    line = fold * height + 3 * smooth(rng, (1, width), 300)[0]
    distance = np.arange(height, dtype=np.float32)[:, None] - line[None, :]
    crease = 16 * np.exp(-(distance**2) / 3) + 7 * np.exp(-np.abs(distance) / 22) * np.sign(distance)
    sheet -= crease[..., None].astype(np.float32)


def _rule(
    sheet: Floats, colour: tuple[int, int, int], baselines: range, uprights: list[int], rng: np.random.Generator
) -> None:
    """Faint ruled lines, a little uneven where the ruling pen skipped."""
    height, width = sheet.shape[:2]
    ruled = np.zeros((height, width), np.float32)
    for y in baselines:
        cv2.line(ruled, (18, y), (width - 18, y + int(rng.integers(-1, 2))), (0.42,), 2)
    for x in uprights:
        cv2.line(ruled, (x, 18), (x + int(rng.integers(-1, 2)), height - 18), (0.42,), 2)
    skips = np.clip(1 - 0.3 * smooth(rng, (height, width), 40), 0.2, 1.2)
    drawn = cv2.GaussianBlur(ruled, (0, 0), 0.6) * skips
    sheet += drawn[..., None] * (np.asarray(colour, np.float32) - sheet)
