"""What a model finds in given boxes, without index or calibration: tells the segmenter's part from the model's.

`python -m search.evaluation.pages_direct FOLDER`: the ground truth's boxes beside the segmenter's, with and without
second readings of doubtful gaps.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from infra.settings import load_settings
from ingest.geometry import Region
from ingest.segmentation import TextLine, segment_page
from ingest.segmentation.readings import DOUBT, ONE_READING
from search.embedding import load_embedder
from search.embedding.embedder import Embedder
from search.evaluation.page_xml import TruthLine, TruthPage
from search.evaluation.pages_folder import by_collection, read_folder
from search.evaluation.pages_rankings import FoundWord, RankingScores, score_search, words_by_line


def score_boxes(
    truth: Mapping[str, TruthPage],
    boxes: Mapping[str, Sequence[Region]],
    read: Callable[[str], NDArray[np.uint8]],
    embedder: Embedder,
) -> RankingScores:
    """Rank all boxes by their similarity to each word of the ground truth.

    `boxes` and `read` go by the keys of `truth`; `read` gives a page's pixels, uint8 (H, W) or (H, W, 3) RGB.
    """
    places = [(page, region) for page, regions in boxes.items() for region in regions]
    vectors = np.concatenate(
        [embedder.embed_crops(_crops(read(page), regions)) for page, regions in boxes.items()]
        or [np.zeros((0, embedder.space.dimension), np.float32)]
    )
    words = list(words_by_line(truth))
    asked = dict(zip(words, embedder.embed_texts(words), strict=True))

    def ask(word: str) -> Iterable[FoundWord]:
        similarity = vectors @ asked[word]
        return (FoundWord(page, region, float(s)) for (page, region), s in zip(places, similarity, strict=True))

    return score_search(truth, ask)


def _crops(pixels: NDArray[np.uint8], regions: Sequence[Region]) -> list[NDArray[np.uint8]]:
    rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)
    return [np.ascontiguousarray(rgb[r.y : r.y2, r.x : r.x2]) for r in regions]


READINGS = {
    "one reading": ONE_READING,
    "some read twice": DOUBT,
    "many read twice": (0.25, 0.5),
}
"""Bands of doubt compared."""


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="page images, each with its PAGE or ALTO file of the same name")
    parser.add_argument("--every", type=int, default=1, help="take every so many-th page of each collection")
    arguments = parser.parse_args()
    groups = by_collection(read_folder(arguments.folder)[0])
    embedder = load_embedder(load_settings())
    print("| collection | boxes | vectors | line mAP | line AP |\n|---|---|---|---|---|")
    for collection, group in groups.items():
        truth = {str(page.image): page.truth for page in group[:: arguments.every]}
        pixels = {page: np.asarray(cv2.imread(page, cv2.IMREAD_COLOR_RGB), np.uint8) for page in truth}
        known = {page: _regions(one.lines) for page, one in truth.items()}
        found = {
            name: {page: _regions(segment_page(one, doubt)) for page, one in pixels.items()}
            for name, doubt in READINGS.items()
        }
        for name, boxes in {"ground truth": known, **found}.items():
            scores = score_boxes(truth, boxes, pixels.__getitem__, embedder)
            vectors = sum(len(regions) for regions in boxes.values())
            print(f"| {collection} | {name} | {vectors} | {scores.line_map:.3f} | {scores.line_ap:.3f} |", flush=True)


def _regions(lines: Sequence[TruthLine] | Sequence[TextLine]) -> list[Region]:
    return [word.region for line in lines for word in line.words]


if __name__ == "__main__":
    main()
