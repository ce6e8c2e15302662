"""The word finder on pages the tests draw themselves."""

import cv2
import numpy as np
import pytest

from ingest.geometry import Region
from ingest.segmentation import SEGMENTER_VERSION, segment_page

LINES = ("the quick brown fox jumps", "over the lazy dog again", "and runs to the woods", "where nobody follows him")


def write_page(shape: tuple[int, int] = (1000, 1400), left: int = 120) -> tuple[np.ndarray, list[list[Region]]]:
    """A white page, and the ink box of each word of each line."""
    page = np.full(shape, 245, np.uint8)
    lines = []
    for row, text in enumerate(LINES):
        x, y, words = left, 200 + 130 * row, []
        for word in text.split():
            alone = np.full(shape, 255, np.uint8)
            cv2.putText(alone, word, (x, y), cv2.FONT_HERSHEY_SCRIPT_COMPLEX, 1.8, 0, 3, cv2.LINE_AA)
            rows, columns = np.flatnonzero((alone < 128).any(1)), np.flatnonzero((alone < 128).any(0))
            words.append(Region(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1))
            page = np.minimum(page, alone)
            x = int(columns[-1]) + 45
        lines.append(words)
    return page, lines


def found_share(page: np.ndarray, lines: list[list[Region]], iou: float = 0.5) -> float:
    found = [word.region for line in segment_page(page) for word in line.words]
    truth = [word for line in lines for word in line]
    return sum(max((word.iou(box) for box in found), default=0) >= iou for word in truth) / len(truth)


def test_words_come_line_by_line_in_reading_order():
    page, lines = write_page()
    found = segment_page(page)
    assert len(found) == len(lines)
    for line, words in zip(found, lines, strict=True):
        whole = [box for box in line.words if box.span == 1]
        assert [box.position for box in whole] == sorted(box.position for box in whole)
        assert sum(max(word.iou(box.region) for box in whole) > 0.7 for word in words) >= len(words) - 1
        assert line.region.area >= max(box.region.area for box in line.words)


def test_rgb_and_grey_give_the_same_words():
    page, _ = write_page()
    assert segment_page(page) == segment_page(np.repeat(page[:, :, None], 3, axis=2))


@pytest.mark.parametrize("value", [0, 128, 255])
def test_blank_pages_have_no_words(value: int):
    assert segment_page(np.full((1200, 900), value, np.uint8)) == ()


@pytest.mark.parametrize("shape", [(1, 1), (2, 700), (700, 2), (40, 40)])
def test_tiny_images_are_no_error(shape: tuple[int, int]):
    segment_page(np.full(shape, 200, np.uint8))


def test_the_version_names_the_segmenter():
    assert SEGMENTER_VERSION


def test_words_of_a_clean_page_are_found():
    assert found_share(*write_page()) > 0.9
