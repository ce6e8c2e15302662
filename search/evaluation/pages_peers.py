"""Our word finder beside the common ones, on the same pages: `python -m search.evaluation.pages_peers FOLDER`.

Peers: the OpenCV dilation segmenter of the tutorials; the scale-space blobs of Manmatha and Srimal (1999); and, where
their commands are on the path, the layout boxes of tesseract and the lines of kraken's legacy segmenter.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from infra.settings import load_settings
from ingest.geometry import Region
from ingest.segmentation import TextLine, WordBox
from ingest.segmentation.ink import Mask
from search.evaluation.pages_ink import clear_ink
from search.evaluation.pages_segmented import READINGS, Segmenter, evaluate_segmenters, table

Pixels = NDArray[np.uint8]


def dilation(pixels: Pixels) -> list[TextLine]:
    """Otsu's threshold, dilation by a fixed kernel, outer contours: what every tutorial shows."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    _, ink = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    grown = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_RECT, (9, 5)), iterations=2)
    contours, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return _as_lines([cv2.boundingRect(contour) for contour in contours], pixels)


def scale_space(pixels: Pixels) -> list[TextLine]:
    """Per line of the row profile, blobs of the anisotropic Laplacian at a scale set by the line's height."""
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    boxes = []
    for top, bottom in _profile_lines(grey):
        strip = 255 - grey[top:bottom].astype(np.float32)
        sigma = (bottom - top) / 10
        smooth = cv2.GaussianBlur(strip, (0, 0), sigmaX=4 * sigma, sigmaY=sigma)
        response = 16 * cv2.Sobel(smooth, cv2.CV_32F, 2, 0) + cv2.Sobel(smooth, cv2.CV_32F, 0, 2)
        blobs = ((response < 0) & (smooth > smooth.mean())).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(blobs)
        boxes += [(int(x), int(y) + top, int(w), int(h)) for x, y, w, h, _ in stats[1:]]
    return _as_lines(boxes, pixels)


def _profile_lines(grey: Pixels) -> list[tuple[int, int]]:
    """Rows between the valleys of the smoothed projection."""
    rows = cv2.GaussianBlur((255 - grey).mean(axis=1, dtype=np.float32)[:, None], (1, 0), sigmaX=1, sigmaY=6)[:, 0]
    valleys = np.flatnonzero((rows[1:-1] < rows[:-2]) & (rows[1:-1] <= rows[2:])) + 1
    edges = [0, *valleys.tolist(), len(rows)]
    return [(a, b) for a, b in pairwise(edges) if b - a >= 12]


def tesseract(pixels: Pixels) -> list[TextLine]:
    """Word boxes of `tesseract --psm 3` on the page as PNG."""
    png = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()
    command = [shutil.which("tesseract") or "tesseract", "stdin", "stdout", "--psm", "3", "tsv"]
    table = subprocess.run(command, input=png, capture_output=True, check=True).stdout.decode()  # noqa: S603
    rows = [row.split("\t") for row in table.splitlines()[1:]]
    return _as_lines([tuple(map(int, row[6:10])) for row in rows if row[0] == "5"], pixels)


def kraken(pixels: Pixels) -> list[TextLine]:
    """Lines of `kraken binarize segment --boxes`, which knows no words; they part at white a third of their height."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    with tempfile.TemporaryDirectory() as folder:
        page, lines = Path(folder) / "page.png", Path(folder) / "lines.json"
        cv2.imwrite(str(page), grey)
        command = [shutil.which("kraken") or "kraken", "-i", str(page), str(lines), "binarize", "segment", "--boxes"]
        subprocess.run(command, capture_output=True, check=True)  # noqa: S603
        found = json.loads(lines.read_text())["lines"]
    ink = clear_ink(pixels)
    return _as_lines([box for line in found for box in _white_apart(ink, *line["bbox"])], pixels)


def _white_apart(ink: Mask, left: int, top: int, right: int, bottom: int) -> list[tuple[int, ...]]:
    """Boxes x, y, w, h of the stretches of ink in a line's box."""
    columns = left + np.flatnonzero(ink[top:bottom, left:right].any(axis=0))
    parts = np.split(columns, np.flatnonzero(np.diff(columns) > (bottom - top) / 3) + 1)
    return [(int(part[0]), top, int(part[-1] - part[0]) + 1, bottom - top) for part in parts if len(part)]


def _as_lines(boxes: Sequence[tuple[int, ...] | Sequence[int]], pixels: Pixels) -> list[TextLine]:
    """Each box as a line of one word; specks and page-sized boxes are left out."""
    height, width = pixels.shape[:2]
    kept = [box for box in boxes if 8 <= box[3] < height / 4 and 8 <= box[2] < width / 2]
    regions = [Region(*map(int, box)) for box in kept]
    return [TextLine(region, (WordBox(region, 0),)) for region in regions]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="page images, each with its PAGE or ALTO file of the same name")
    parser.add_argument("--every", type=int, default=1, help="take every so many-th page of each collection")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    segmenters: dict[str, Segmenter] = {**READINGS, "dilation": dilation, "scale space": scale_space}
    installed: dict[str, Segmenter] = {"tesseract": tesseract, "kraken": kraken}
    segmenters |= {name: peer for name, peer in installed.items() if shutil.which(name)}
    found = evaluate_segmenters(arguments.folder, load_settings(), segmenters, every=arguments.every)
    print(table(found.counts))


if __name__ == "__main__":
    main()
