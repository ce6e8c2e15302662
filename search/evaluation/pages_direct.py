"""What a model finds in given boxes, without index or calibration: tells the segmenter's part from the model's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.geometry import Region
from search.embedding.embedder import Embedder
from search.evaluation.page_xml import TruthPage
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
