"""From the flat sheet to the scan, for pixels and for points alike: the leaf's curl, then turn and place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from samples.generator.noise import Floats

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Camera:
    """How a sheet lies under the camera. Sizes are (width, height) in pixels."""

    sheet: tuple[int, int]
    image: tuple[int, int]
    degrees: float = 0.0
    """Turn of the sheet, clockwise."""
    spine: float | None = None
    """Where the binding is, as a fraction of the sheet's width; None for a loose leaf."""
    curl: float = 0.0
    """Rows by which the lines bend down at the spine."""

    def forward(self, points: Points) -> Points:
        """Points (n, 2) of the sheet, as points of the scan."""
        x = np.interp(points[:, 0], np.arange(self.sheet[0]), self._pressed)
        y = points[:, 1] + np.interp(points[:, 0], np.arange(self.sheet[0]), self._bend)
        placed = np.stack([x, y], axis=1) @ self._turn[:, :2].T + self._turn[:, 2]
        return placed.astype(np.float32)

    def photograph(self, sheet: Floats, behind: float) -> Floats:
        """The scan (height, width, 3) of a sheet; `behind` is the grey level around it."""
        back = cv2.invertAffineTransform(self._turn)
        rows, columns = np.indices((self.image[1], self.image[0]), dtype=np.float32)
        u = back[0, 0] * columns + back[0, 1] * rows + back[0, 2]
        v = back[1, 0] * columns + back[1, 1] * rows + back[1, 2]
        x = np.interp(u, self._pressed, np.arange(self.sheet[0]), left=-9, right=self.sheet[0] + 9)
        y = v - np.interp(x, np.arange(self.sheet[0]), self._bend)
        shade = np.interp(x, np.arange(self.sheet[0]), self._shade).astype(np.float32)
        moved = cv2.remap(
            sheet, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        inside = (x >= 0) & (x <= self.sheet[0] - 1) & (y >= 0) & (y <= self.sheet[1] - 1)
        cover = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.8)[..., None]
        shadow = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 16)[..., None]
        around = behind * (1 - 0.5 * shadow)
        return np.asarray(moved * shade[..., None] * cover + around * (1 - cover), np.float32)

    @cached_property
    def _turn(self) -> NDArray[np.float64]:
        """2 x 3 matrix: turn about the sheet's middle, and lay that on the middle of the scan."""
        width, height = self._pressed[-1], self.sheet[1]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -self.degrees, 1.0)
        matrix[:, 2] += [(self.image[0] - width) / 2, (self.image[1] - height) / 2]
        return np.asarray(matrix, dtype=np.float64)

    @cached_property
    def _near(self) -> NDArray[np.float64]:
        """Nearness to the spine for each column, 1 at the spine and 0 far away."""
        if self.spine is None:
            return np.zeros(self.sheet[0])
        distance = np.abs(np.arange(self.sheet[0]) - self.spine * self.sheet[0])
        return np.asarray(np.exp(-distance / 130), np.float64)

    @cached_property
    def _pressed(self) -> NDArray[np.float64]:
        """Where each column comes to lie: they crowd together toward the spine."""
        return np.concatenate([[0.0], np.cumsum(1 - 0.3 * self._near)[:-1]])

    @cached_property
    def _bend(self) -> NDArray[np.float64]:
        return self.curl * self._near

    @cached_property
    def _shade(self) -> NDArray[np.float64]:
        return 1 - 0.42 * self._near**1.6
