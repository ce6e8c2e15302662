"""The handwriting faces, each under the SIL Open Font License, from the npm packages `@fontsource/NAME`.

Run as a program, prints the packages.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path

from PIL import ImageFont

FOLDER = Path(__file__).parents[1] / ".fonts"
FACES = {
    "bilbo": "5.3.0",
    "comforter": "5.2.8",
    "eagle-lake": "5.3.0",
    "felipa": "5.3.0",
    "fuggles": "5.3.0",
    "island-moments": "5.2.8",
    "kristi": "5.3.0",
    "ms-madi": "5.3.0",
    "the-girl-next-door": "5.3.0",
    "the-nautigal": "5.2.7",
    "waterfall": "5.1.1",
    "whisper": "5.3.0",
    "windsong": "5.3.0",
}


def packages() -> str:
    """The npm packages of the faces, as npm takes them."""
    return " ".join(f"@fontsource/{name}@{version}" for name, version in FACES.items())


def missing_faces() -> list[str]:
    """Names of the faces that are not installed."""
    return [name for name in FACES if not _path(name).exists()]


@functools.cache
def load(face: str, x_height: float) -> ImageFont.FreeTypeFont:
    """The face at the size that makes a lower-case x `x_height` pixels high."""
    trial = ImageFont.truetype(str(_path(face)), 200)
    _, top, _, bottom = trial.getbbox("x")
    return ImageFont.truetype(str(_path(face)), round(200 * x_height / (bottom - top)))


def _path(name: str) -> Path:
    return FOLDER / "node_modules" / "@fontsource" / name / "files" / f"{name}-latin-400-normal.woff"


if __name__ == "__main__":
    sys.stdout.write(packages() + "\n")
