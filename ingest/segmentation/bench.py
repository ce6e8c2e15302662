"""How long a page of 3000 x 4000 pixels takes on one core: `python -m ingest.segmentation.bench FOLDER`.

Every other image of the folder and those below is brought to that size. Beside the seconds stands what they are as a
multiple of reading the page from JPEG, which no segmenter can do without.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.segmentation import segment_page

_SHORT, _LONG = 3000, 4000
"""Pixels of the sides that a page may have at most, and of one of them exactly."""


def at_size(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (H, W, 3), as large as goes into 3000 x 4000, upright or across."""
    height, width = pixels.shape[:2]
    scale = min(_LONG / max(height, width), _SHORT / min(height, width))
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="page images")
    images = sorted(parser.parse_args().folder.rglob("*.jpg"))[::2]
    if not images:
        parser.exit(1, "no JPEG image there\n")
    cv2.setNumThreads(1)
    taken, multiples = [], []
    for image in images:
        jpeg = cv2.imencode(".jpg", at_size(np.asarray(cv2.imread(str(image)), np.uint8)))[1]
        start = time.perf_counter()
        page = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR_RGB), np.uint8)
        read = time.perf_counter()
        words = sum(len(line.words) for line in segment_page(page))
        taken.append(time.perf_counter() - read)
        multiples.append(taken[-1] / (read - start))
        print(
            f"{image.name}: {page.shape[1]} x {page.shape[0]}, {words} words, {taken[-1]:.2f} s, x{multiples[-1]:.1f}"
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{len(images)} pages: median {statistics.median(taken):.2f} s, {min(taken):.2f} to {max(taken):.2f}; "
        f"{statistics.median(multiples):.1f} times the reading of the JPEG; {memory:.0f} MiB at most"
    )


if __name__ == "__main__":
    main()
