"""Search measured on pages with known text, end to end: ingest, ask every word, compare boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from infra.errors import CorruptError, InputError
from infra.settings import Settings
from ingest.segmentation import TextLine
from ingest.sources import open_source
from search.evaluation.bootstrap import Interval, mean_interval
from search.evaluation.page_xml import TruthPage
from search.evaluation.pages_boxes import BoxCounts, PageBoxes, compare_boxes
from search.evaluation.pages_compound import pair_precisions, phrase_precisions
from search.evaluation.pages_folder import PageFile, read_folder
from search.evaluation.pages_rankings import FoundWord, score_search


class SearchedPages(Protocol):
    """Pages ingested into a place of their own, ready to be asked."""

    @property
    def seconds(self) -> float:
        """Wall-clock time the ingest took."""
        ...

    def lines(self, image: Path) -> Sequence[TextLine] | None:
        """What was found on the page of that file, in pixels of the image; None where the ingest failed."""
        ...

    def ask(self, query: str) -> Iterable[FoundWord]:
        """Everything found for a query; `page` is the image's path as text, regions are in pixels of the image."""
        ...


Ingest = Callable[[Sequence[Path]], AbstractContextManager[SearchedPages]]
"""Ingest page images, one document each, into a scratch home that is gone afterwards."""


@dataclass(frozen=True, slots=True)
class PagesReport:
    """Fractions of 1; None where the ground truth cannot tell."""

    line_map: float | None
    line_ap: float | None
    page_map: float | None
    page_ap: float | None
    word_recall_25: float | None
    word_recall_50: float | None
    word_precision_50: float | None
    line_recall: float | None
    seconds_per_page: float
    pages: int
    queries: int
    line_map_interval: Interval | None
    page_map_interval: Interval | None
    """95 % of the mean over queries, by bootstrap; the same for those below."""
    phrase_map: float | None
    """Mean average precision of lines, asked by two neighbours in quotation marks."""
    phrase_map_interval: Interval | None
    phrase_queries: int
    multiword_map: float | None
    """Mean average precision of pages, asked by two words that stand anywhere on them."""
    multiword_map_interval: Interval | None
    multiword_queries: int
    collections: dict[str, BoxCounts]
    """Counts of boxes by folder."""
    failures: tuple[InputError, ...]
    """Pages or ground truth that could not be used."""


def evaluate_pages(folder: Path, ingest: Ingest, settings: Settings) -> PagesReport:
    """Ingest the pages below `folder` that have ground truth beside them, and ask every word of it.

    Raises UsageError where there are none. A page that fails is reported, and its words count as not found.
    """
    pages, failures = read_folder(folder)
    counts: dict[str, BoxCounts] = {}
    truth = {str(page.image): page.truth for page in pages}
    with ingest([page.image for page in pages]) as searched:
        sizes: dict[str, tuple[int, int]] = {}
        for page in pages:
            try:
                pixels = read_pixels(page.image, settings)
            except InputError as error:
                failures.append(error)
                continue
            sizes[str(page.image)] = (pixels.shape[1], pixels.shape[0])
            count = compare_page(page, pixels, searched.lines(page.image) or ()).counts()
            counts[page.collection] = counts.get(page.collection, BoxCounts()) + count

        def ask(query: str) -> Iterable[FoundWord]:
            return _in_truth_pixels(searched.ask(query), sizes, truth)

        scores = score_search(truth, ask)
        phrases, pairs = phrase_precisions(truth, ask), pair_precisions(truth, ask)
        seconds = searched.seconds / max(1, len(pages))
    total = sum(counts.values(), BoxCounts())
    return PagesReport(
        scores.line_map,
        scores.line_ap,
        scores.page_map,
        scores.page_ap,
        total.recall(0),
        total.recall(1),
        total.precision(1),
        total.line_recall,
        seconds,
        len(pages),
        scores.queries,
        mean_interval(scores.line_precisions),
        mean_interval(scores.page_precisions),
        _mean(phrases),
        mean_interval(phrases),
        len(phrases),
        _mean(pairs),
        mean_interval(pairs),
        len(pairs),
        counts,
        tuple(failures),
    )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def read_pixels(image: Path, settings: Settings) -> NDArray[np.uint8]:
    """uint8 (H, W) or (H, W, 3) RGB, read as ingest reads it. Raises InputError."""
    source = open_source(str(image), settings)
    try:
        refs = source.pages()
        if len(refs) != 1:
            raise CorruptError("has several pages, but ground truth for one", input=str(image))
        return source.read(refs[0]).pixels
    finally:
        source.close()


def compare_page(page: PageFile, pixels: NDArray[np.uint8], found: Sequence[TextLine]) -> PageBoxes:
    """Compare boxes, given in pixels of the image, in those of the ground truth."""
    size, truth_size = (pixels.shape[1], pixels.shape[0]), (page.truth.width, page.truth.height)
    lines = [line.moved(lambda region: region.scaled(size, truth_size)) for line in found]
    return compare_boxes(at_truth_size(page, pixels), page.truth, lines)


def at_truth_size(page: PageFile, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image as large as the ground truth says it is."""
    size = page.truth.width, page.truth.height
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _in_truth_pixels(
    found: Iterable[FoundWord], sizes: dict[str, tuple[int, int]], truth: dict[str, TruthPage]
) -> Iterable[FoundWord]:
    for one in found:
        if one.page in sizes:
            size = truth[one.page].width, truth[one.page].height
            yield FoundWord(one.page, one.region.scaled(sizes[one.page], size), one.confidence)
