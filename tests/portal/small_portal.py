"""A portal over a few printed pages, with a model that compares shapes of words; run as `small_portal.py HOME PORT`."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import uvicorn
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from infra.settings import Settings, load_settings
from search.embedding.embedder import Crop, EmbeddingSpace, Vectors
from ui.portal.app import create_portal
from ui.portal.engine_finder import EngineFinder
from workers.context import Context
from workers.pipeline import IngestRequest, ingest

FONT = ImageFont.load_default(34)
HARBOUR = (
    "the harbour was full of ice/captain Dahl wrote letters/about barley and tar/to the harbour master",
    "no ship left the harbour/before the month of May/when barley came again/from Wismar and Riga",
    "Anna kept the ledgers/and counted every barrel/of herring and barley/behind the harbour wall",
)
GARDEN = ("roses beside the garden wall/the gardener cut barley/and carried water",)


class ShapeEmbedder:
    """A word's ink, stretched to 40 x 12 pixels: a word in the same print is the same vector; texts are drawn."""

    space = EmbeddingSpace("shapes", hashlib.sha256(b"shapes").hexdigest(), 480)

    def embed_crops(self, crops: Sequence[Crop]) -> Vectors:
        return np.stack([_shape(np.asarray(crop, np.float32).mean(axis=2)) for crop in crops]).astype(np.float32)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return np.stack([_shape(_drawn(text)) for text in texts]).astype(np.float32)


def _shape(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    dark = grey < (grey.min() + grey.max()) / 2
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    if rows.size and columns.size:
        grey = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    small = cv2.resize(255.0 - grey, (40, 12), interpolation=cv2.INTER_AREA).reshape(-1)
    centred = small - small.mean() + 1e-3
    return np.asarray(centred / np.linalg.norm(centred), np.float32)


def _drawn(text: str) -> NDArray[np.float32]:
    image = Image.new("L", (40 + 30 * max(1, len(text)), 80), 245)
    ImageDraw.Draw(image).text((20, 20), text or ".", fill=20, font=FONT)
    return np.asarray(image, np.float32)


def write_page(path: Path, text: str) -> Path:
    """A white page of 860 x 460 pixels with a few lines of print."""
    image = Image.new("L", (860, 460), 245)
    pen = ImageDraw.Draw(image)
    for row, line in enumerate(text.split("/")):
        x = 40.0
        for word in line.split():
            pen.text((x, 40 + 95 * row), word, fill=20, font=FONT)
            x += pen.textlength(word, FONT) + 44
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def fill(settings: Settings, folder: Path) -> None:
    """Index two collections; the file names of the second are hostile."""
    harbour = [write_page(folder / f"harbour-{n}.png", text) for n, text in enumerate(HARBOUR, 1)]
    hostile = [write_page(folder / "<img src=x onerror=window.hacked=1> **bold** [a](http:b).png", GARDEN[0])]
    with Context(settings, ShapeEmbedder()) as context:
        ingest(context, IngestRequest(tuple(map(str, harbour)), "Harbour office", (("year", 1793),)))
        ingest(context, IngestRequest(tuple(map(str, hostile)), "Garden & <b>house</b>", (("year", 1850),)))


def main(home: str, port: str) -> None:
    """Serve a home that `fill` has filled; other settings come from the environment."""
    settings = load_settings(home=Path(home), base_url=f"http://localhost:{port}", processes=1)
    context = Context(settings, ShapeEmbedder())
    finder = EngineFinder(context)
    application = create_portal(settings, context, finder, finder.find_in_document)
    uvicorn.run(application, host="127.0.0.1", port=int(port), access_log=False, log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
