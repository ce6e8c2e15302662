"""Small pages of large type on noise, one of them without writing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TEXTS = ["alpha beta/gamma", "delta epsilon", "zeta/eta/theta", "iota kappa lambda", "", "mu nu/xi omicron"]


def write_scans(folder: Path) -> Path:
    folder.mkdir()
    for number, text in enumerate(TEXTS):
        noise = np.random.default_rng(number).integers(238, 248, (300, 420), np.uint8)
        image = Image.fromarray(noise)
        pen = ImageDraw.Draw(image)
        for row, line in enumerate(text.split("/")):
            pen.text((20, 20 + 60 * row), line, fill=20, font=ImageFont.load_default(24))
        image.save(folder / f"page{number}.png")
    return folder
