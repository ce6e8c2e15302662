"""How well words are found on pages with known boxes, by collection, without asking for any."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from infra.errors import InputError
from infra.settings import Settings
from ingest.segmentation import TextLine, segment_page
from ingest.segmentation.readings import ONE_READING
from search.evaluation.pages import at_truth_size, compare_page, read_pixels
from search.evaluation.pages_boxes import BoxCounts
from search.evaluation.pages_folder import by_collection, read_folder
from search.evaluation.pages_picture import draw_boxes

Segmenter = Callable[[NDArray[np.uint8]], Sequence[TextLine]]
READINGS: dict[str, Segmenter] = {"default": segment_page, "one reading": partial(segment_page, doubt=ONE_READING)}
"""As ingest does it, and with every gap read one way."""


@dataclass(frozen=True, slots=True)
class SegmentedPages:
    """What segmenters found."""

    counts: dict[str, dict[str, BoxCounts]]
    """By segmenter and collection."""
    failures: tuple[InputError, ...]
    """Pages or ground truth that could not be used; they are not counted."""


def evaluate_segmenters(
    folder: Path,
    settings: Settings,
    segmenters: dict[str, Segmenter] | None = None,
    *,
    every: int = 1,
    draw: Path | None = None,
) -> SegmentedPages:
    """Run segmenters, READINGS unless others are given, over every so many-th page of each collection below `folder`.

    With `draw` the pages with what the first one found and missed are written there as PNG. Raises UsageError where
    there is no page with ground truth.
    """
    segmenters = segmenters or READINGS
    pages, failures = read_folder(folder)
    counts: dict[str, dict[str, BoxCounts]] = {name: {} for name in segmenters}
    for collection, group in by_collection(pages).items():
        for page in group[::every]:
            try:
                pixels = read_pixels(page.image, settings)
            except InputError as error:
                failures.append(error)
                continue
            for name, segment in segmenters.items():
                started = time.perf_counter()
                found = segment(pixels)
                seconds = time.perf_counter() - started
                boxes = compare_page(page, pixels, found)
                counts[name][collection] = counts[name].get(collection, BoxCounts()) + boxes.counts(seconds)
                if draw is not None and name == next(iter(segmenters)):
                    picture = draw_boxes(at_truth_size(page, pixels), boxes)
                    _write(draw / f"{collection}-{page.image.stem}.png", picture)
    return SegmentedPages(counts, tuple(failures))


def _write(path: Path, picture: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def table(counts: dict[str, dict[str, BoxCounts]]) -> str:
    """A Markdown table."""
    rows = [
        "| segmenter | collection | words | recall 0.25 | recall 0.5 | precision 0.5 | lines | seconds a page |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, collections in counts.items():
        total = sum(collections.values(), BoxCounts())
        for collection, one in {**collections, "all": total}.items():
            shares = [one.recall(0), one.recall(1), one.precision(1), one.line_recall]
            shown = " | ".join("-" if share is None else f"{share:.3f}" for share in shares)
            rows.append(f"| {name} | {collection} | {one.truth} | {shown} | {one.seconds / max(1, one.pages):.2f} |")
    return "\n".join(rows)
