"""Pages lying on their side or standing on their heads."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest.geometry import Region
from ingest.segmentation.segmenter import segment_turned
from ingest.segmentation.turning import turned, turned_back, turns_by_reading


@pytest.fixture(scope="module")
def sample_page() -> np.ndarray:
    """A page of the sample collection, grey."""
    page = Path(__file__).parents[2] / "samples" / "commonplace" / "page-03.jpg"
    return np.asarray(cv2.imread(str(page), cv2.IMREAD_GRAYSCALE), np.uint8)


@pytest.mark.parametrize("turns", range(4))
def test_regions_come_back_where_they_were(turns: int):
    page = np.full((60, 100), 255, np.uint8)
    page[10:25, 70:90] = 0
    page[10, 70] = 7
    rows, columns = np.nonzero(turned(page, turns) < 255)
    found = Region(int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
    assert turned_back(found, turns, page.shape) == Region(70, 10, 20, 15)


@pytest.mark.parametrize("turns", range(4))
def test_a_turned_page_gives_its_words_in_its_own_pixels(sample_page: np.ndarray, turns: int):
    upright, none = segment_turned(sample_page)
    lines, found = segment_turned(turned(sample_page, turns))
    assert none == 0
    assert found == -turns % 4
    numbered = [(number, word.position, word.region) for number, line in enumerate(lines) for word in line.words]
    assert turns_by_reading(numbered) == found
    shape = turned(sample_page, turns).shape
    boxes = [turned_back(word.region, found, shape) for line in upright for word in line.words]
    other = [word.region for line in lines for word in line.words]
    met = sum(max((box.iou(one) for one in other), default=0) > 0.5 for box in boxes)
    assert met >= 0.75 * len(boxes)


def test_a_few_words_of_print_are_not_stood_on_their_heads():
    page = Image.new("L", (860, 460), 245)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(34)
    for row, line in enumerate(("the  lighthouse  keeper", "wrote  every  night")):
        pen.text((40, 40 + 95 * row), line, fill=20, font=font)
    lines, turns = segment_turned(np.asarray(page))
    assert turns == 0
    assert [word.region.x for word in lines[0].words] == sorted(word.region.x for word in lines[0].words)
