"""Recall on words whose true box was looked at and is right: `python -m search.evaluation.pages_judged FOLDER JUDGED`.

Boxes that were made by aligning text to ink are wrong in part, and a wrong one can hardly be found. JUDGED is a CSV
file of words drawn from the pages by lot: `collection`, `page` (name of the image without its suffix), `word` (its
number, from 0, among the words of the page that have a trusted box), `weight` (how many words it stands for, as some
sorts of words were drawn more densely than others) and `right`, 1 or 0. Shares are estimated as by Horvitz and
Thompson (1952).
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infra.errors import CorruptError, InputError, NotFoundError
from infra.settings import Settings, load_settings
from search.evaluation.pages import compare_page, read_pixels
from search.evaluation.pages_folder import PageFile, by_collection, read_folder
from search.evaluation.pages_segmented import READINGS, Segmenter

_DRAWS = 2_000


@dataclass(frozen=True, slots=True)
class JudgedWord:
    """A word of the ground truth and whether its box is that of the word."""

    page: tuple[str, str]
    """Collection and name of the page."""
    word: int
    weight: float
    right: bool


@dataclass(frozen=True, slots=True)
class JudgedRecall:
    """Fractions of 1, with the ends of 95 % of stratified bootstrap draws."""

    right: tuple[float, float, float]
    """Boxes of the ground truth that are right."""
    recall: tuple[float, float, float]
    """Of those, the ones met at an intersection over union of 0.5."""


def read_judged(path: Path) -> list[JudgedWord]:
    """All rows of the file. Raises NotFoundError, CorruptError."""
    if not path.is_file():
        raise NotFoundError("no such file", input=str(path))
    with path.open(encoding="utf-8", newline="") as file:
        reader, words = csv.DictReader(file), []
        try:
            for row in reader:
                page, right = (row["collection"], row["page"]), {"0": False, "1": True}[row["right"]]
                words.append(JudgedWord(page, int(row["word"]), float(row["weight"]), right))
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptError(f"line {reader.line_num} is no judged word ({error})", input=str(path)) from error
    return words


def estimate(words: Sequence[JudgedWord], met: Sequence[bool]) -> JudgedRecall:
    """Of all words that the judged ones stand for, at least one of them right; `met`: which boxes were found."""
    weights = np.array([word.weight for word in words])
    right = np.array([word.right for word in words])
    found = right & np.asarray(met, np.bool_)
    strata = [np.flatnonzero(weights == weight) for weight in np.unique(weights)]
    rng = np.random.default_rng(0)
    draws = [np.concatenate([rng.choice(some, len(some)) for some in strata]) for _ in range(_DRAWS)]
    shares = [_shares(weights[drawn], right[drawn], found[drawn]) for drawn in draws]
    ends = np.nanquantile(np.array(shares), (0.025, 0.975), axis=0).T.tolist()
    here = _shares(weights, right, found)
    return JudgedRecall((here[0], *ends[0]), (here[1], *ends[1]))


def _shares(weights: NDArray[np.float64], right: NDArray[np.bool_], found: NDArray[np.bool_]) -> tuple[float, float]:
    known = float(weights[right].sum())
    return known / float(weights.sum()), float(weights[found].sum()) / known if known else np.nan


def met_words(page: PageFile, segment: Segmenter, settings: Settings) -> frozenset[int]:
    """Numbers of the words met at 0.5. Raises InputError."""
    pixels = read_pixels(page.image, settings)
    return frozenset(compare_page(page, pixels, segment(pixels)).met[1])


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="page images, each with its PAGE or ALTO file of the same name")
    parser.add_argument("judged", type=Path, help="CSV file of judged words")
    arguments = parser.parse_args()
    try:
        words = read_judged(arguments.judged)
        groups = by_collection(read_folder(arguments.folder)[0])
        print("| segmenter | collection | judged | right boxes | recall 0.5 of those |\n|---|---|---|---|---|")
        for name, segment in READINGS.items():
            _print_rows(name, segment, words, groups)
    except InputError as error:
        parser.exit(1, f"{error}\n")


def _print_rows(name: str, segment: Segmenter, words: Sequence[JudgedWord], groups: dict[str, list[PageFile]]) -> None:
    pages = {(collection, page.image.stem): page for collection, group in groups.items() for page in group}
    settings = load_settings()
    met = {key: met_words(pages[key], segment, settings) for key in sorted({word.page for word in words} & set(pages))}
    for collection in (*groups, "all"):
        some = [word for word in words if word.page in met and collection in (word.page[0], "all")]
        if any(word.right for word in some):
            found = estimate(some, [word.word in met[word.page] for word in some])
            shown = ["{:.3f} ({:.3f} to {:.3f})".format(*one) for one in (found.right, found.recall)]
            print(f"| {name} | {collection} | {len(some)} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
