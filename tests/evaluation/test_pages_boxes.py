"""Matching of boxes against exhaustive search, and what counts as judged."""

import itertools
import random

import numpy as np
import pytest

from ingest.geometry import Region
from ingest.segmentation import TextLine, WordBox
from search.evaluation.page_xml import TruthLine, TruthPage, TruthWord
from search.evaluation.pages_boxes import BoxCounts, compare_boxes, match, overlaps, tighten
from search.evaluation.pages_picture import FALSE, FOUND, MISSED, draw_boxes


def some_regions(source: random.Random, count: int) -> list[Region]:
    return [
        Region(source.randint(0, 30), source.randint(0, 8), source.randint(5, 20), source.randint(5, 12))
        for _ in range(count)
    ]


@pytest.mark.parametrize("seed", range(25))
def test_matching_is_the_largest(seed: int):
    source = random.Random(seed)
    truth, boxes = some_regions(source, 5), some_regions(source, 5)
    for level in (0.1, 0.25, 0.5):
        pairs = match(truth, boxes, level)
        assert len(set(pairs.values())) == len(pairs)
        assert all(truth[i].iou(boxes[j]) >= level for i, j in pairs.items())
        best = max(
            sum(truth[i].iou(boxes[j]) >= level for i, j in enumerate(order))
            for order in itertools.permutations(range(5))
        )
        assert len(pairs) == best


def test_overlaps_are_those_of_regions():
    source = random.Random(7)
    first, second = some_regions(source, 6), some_regions(source, 4)
    expected = [[a.iou(b) for b in second] for a in first]
    assert overlaps(first, second) == pytest.approx(np.array(expected))


def test_tighten():
    ink = np.zeros((50, 80), bool)
    ink[10:20, 30:45] = True
    assert tighten(Region(5, 5, 70, 40), ink) == Region(30, 10, 15, 10)
    assert tighten(Region(0, 30, 20, 10), ink) == Region(0, 30, 20, 10)


def a_page() -> tuple[np.ndarray, TruthPage]:
    """Four black words on two lines; the second line's last word has no box."""
    page = np.full((300, 400), 255, np.uint8)
    boxes = [Region(50, 60, 60, 20), Region(150, 60, 60, 20), Region(50, 160, 60, 20), Region(150, 160, 60, 20)]
    for box in boxes:
        page[box.y : box.y2 : 2, box.x : box.x2] = 0
    words = [TruthWord(Region(b.x - 4, b.y - 4, b.w + 8, b.h + 8), "word", i % 2) for i, b in enumerate(boxes)]
    outlines = [((40, y), (330, y), (330, y + 40), (40, y + 40)) for y in (50, 150)]
    first = TruthLine(outlines[0], (), "word word", tuple(words[:2]))
    second = TruthLine(outlines[1], (), "word word", (words[2],))
    return page, TruthPage("", 400, 300, (first, second))


def found(*regions: Region) -> list[TextLine]:
    return [TextLine(region, (WordBox(region, 0),)) for region in regions]


def test_boxes_are_tightened_and_unknown_words_are_not_judged():
    page, truth = a_page()
    boxes = compare_boxes(
        page, truth, found(Region(40, 50, 90, 40), Region(150, 160, 60, 20), Region(250, 250, 30, 20))
    )
    assert boxes.met[1] == {0: 0}
    assert boxes.judged[1] == {0, 2}, "the box on the word without a box is left out"
    counts = boxes.counts(2.0)
    assert (counts.truth, counts.found[1], counts.boxes[1]) == (3, 1, 2)
    assert counts.recall(1) == pytest.approx(1 / 3)
    assert counts.precision(1) == pytest.approx(1 / 2)


def test_lines_with_more_boxes_than_words_tell_nothing():
    page, truth = a_page()
    crowded = TruthLine(truth.lines[0].outline, (), "word", truth.lines[0].words)
    boxes = compare_boxes(page, TruthPage("", 400, 300, (crowded,)), found(Region(50, 60, 60, 20)))
    assert boxes.truth == ()
    assert boxes.counts().recall(1) is None
    assert boxes.counts().precision(1) is None


def test_counts_add_up():
    one = BoxCounts(10, (8, 6), (9, 9), 4, 3, 1, 0.5)
    total = sum([one, one], BoxCounts())
    assert total == BoxCounts(20, (16, 12), (18, 18), 8, 6, 2, 1.0)
    assert total.line_recall == 0.75
    assert BoxCounts().recall(0) is None


def test_the_picture_shows_each_outcome():
    page, truth = a_page()
    boxes = compare_boxes(page, truth, found(Region(50, 60, 60, 20), Region(250, 250, 30, 20)))
    picture = draw_boxes(page, boxes)
    colours = {tuple(int(v) for v in pixel) for pixel in picture.reshape(-1, 3)}
    assert {FOUND, MISSED, FALSE} <= colours
