"""Which way a PDF page becomes pixels: one scan taken as it is, or a rendering, and of what size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pikepdf

from infra.errors import CorruptError
from ingest.sources.pdf_content import Painting, Placement
from ingest.sources.pdf_geometry import Box, covers

_DEFAULT_DPI = 300.0
_SAME_DENSITY = 0.02
"""How far two densities may differ, in relation, and still count as one."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The visible part of a page and how it is turned."""

    box: Box
    """Crop box within the media box, points."""
    rotation: int
    """Clockwise, 0, 90, 180 or 270 degrees."""
    unit: float
    """Points per user space unit, times 1/72 inch."""

    @property
    def size(self) -> tuple[float, float]:
        """Width, height as displayed, user space units."""
        width, height = self.box[2] - self.box[0], self.box[3] - self.box[1]
        return (height, width) if self.rotation in (90, 270) else (width, height)


@dataclass(frozen=True, slots=True)
class Rendering:
    """What is asked of the renderer."""

    size: tuple[int, int]
    """Width, height of the page as displayed, pixels."""
    dpi: float | None
    """The resolution that gives this size, None where the two directions need one each."""
    turned: bool
    """Displayed on its side."""


def read_sheet(page: pikepdf.Page) -> Sheet:
    """The page's boxes and rotation; CorruptError where it has no area."""
    media, crop = _box(page.mediabox), _box(page.cropbox)
    box = max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3])
    if box[2] <= box[0] or box[3] <= box[1]:
        box = media
    if not all(map(math.isfinite, box)) or box[2] - box[0] < 1 or box[3] - box[1] < 1:
        raise CorruptError("The page has no area: its media box is empty.")
    unit = float(page.obj.get("/UserUnit", 1))
    return Sheet(box, int(page.rotation) % 360 // 90 * 90, unit if unit > 0 else 1.0)


def covering_scan(painting: Painting, sheet: Sheet) -> Placement | None:
    """The one picture that is the page, None where the page must be rendered.

    What was painted before it is hidden by it; nothing visible may follow. Invisible text, as recognition programs add
    it, does not count.
    """
    if painting.marks_on_top or not painting.placements:
        return None
    scan = painting.placements[-1]
    if scan.image is None or not scan.plain or not _is_opaque(scan.image):
        return None
    a, b, c, d, _, _ = scan.matrix
    square = max(abs(a), abs(b), abs(c), abs(d)) * 1e-3
    straight = (abs(b) < square and abs(c) < square) or (abs(a) < square and abs(d) < square)
    fits = covers(scan.box, sheet.box) and covers(sheet.box, scan.box)
    across, down = scan.density
    return scan if straight and fits and abs(across / down - 1) <= _SAME_DENSITY else None


def orientation(scan: Placement, sheet: Sheet) -> int:
    """How the scan's pixels lie on the displayed page, in the numbers of EXIF orientation, 1 to 8."""
    a, b, c, d, _, _ = scan.matrix
    right, down = (a, -b), (-c, d)  # where its columns and rows run on a page with y downwards
    for _ in range(sheet.rotation // 90):
        right, down = (-right[1], right[0]), (-down[1], down[0])
    if abs(right[0]) > abs(right[1]):
        return {(False, False): 1, (True, False): 2, (True, True): 3, (False, True): 4}[right[0] < 0, down[1] < 0]
    return {(False, False): 5, (True, False): 6, (True, True): 7, (False, True): 8}[down[0] < 0, right[1] < 0]


def rendering(painting: Painting, sheet: Sheet) -> Rendering:
    """How to render: at the pictures' own density where they make up half of the page, else at 300 dpi.

    The density taken is the greatest at which pictures fill a quarter of the page, so that a sharp mask over a coarse
    background counts, and a small logo does not.
    """
    default = sheet.unit * _DEFAULT_DPI / 72
    across, down = _density(painting, sheet) or (default, default)
    width, height = sheet.size
    size = max(1, round(width * across)), max(1, round(height * down))
    one = (round(width * across), round(height * across)) == size
    return Rendering(size, 72 * across if one else None, sheet.rotation in (90, 270))


def _density(painting: Painting, sheet: Sheet) -> tuple[float, float] | None:
    """Pixels per unit across and down the displayed page; None where pictures are a minor part of it."""
    page = (sheet.box[2] - sheet.box[0]) * (sheet.box[3] - sheet.box[1])
    shares = [
        (max(placement.density), _overlap(placement.box, sheet.box) / page, placement)
        for placement in painting.placements
    ]
    shares.sort(key=lambda share: -share[0])
    if sum(share for _, share, _ in shares) < 0.5:
        return None
    filled = 0.0
    for density, share, placement in shares:
        filled += share
        if filled >= 0.25:
            return _as_displayed(placement, sheet, density)
    return None


def _as_displayed(placement: Placement, sheet: Sheet, density: float) -> tuple[float, float]:
    """Both directions as they are where they nearly agree, else the finer one, for pixels must be square."""
    across, down = placement.density
    if min(across, down) < (1 - _SAME_DENSITY) * max(across, down):
        return density, density
    a, b, _, _, _, _ = placement.matrix
    lying = (abs(b) > abs(a)) != (sheet.rotation in (90, 270))
    return (down, across) if lying else (across, down)


def _is_opaque(image: Any) -> bool:
    return not image.get("/ImageMask", False) and "/SMask" not in image and "/Mask" not in image


def _overlap(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)


def _box(values: Any) -> Box:
    left, bottom, right, top = (float(value) for value in values)
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)
