"""The word finder on pages the tests draw themselves."""

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_sample_image

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


def turned(page: np.ndarray, lines: list[list[Region]], degrees: float) -> tuple[np.ndarray, list[list[Region]]]:
    """The page turned about its middle, and the boxes around the turned words."""
    height, width = page.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    moved = []
    for line in lines:
        boxes = []
        for word in line:
            alone = np.zeros_like(page)
            inside = np.s_[word.y : word.y2, word.x : word.x2]
            alone[inside] = np.where(page[inside] < 128, 255, 0)
            alone = cv2.warpAffine(alone, matrix, (width, height))
            rows, columns = np.flatnonzero((alone > 128).any(1)), np.flatnonzero((alone > 128).any(0))
            boxes.append(Region(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1))
        moved.append(boxes)
    return cv2.warpAffine(page, matrix, (width, height), borderValue=245), moved


@pytest.mark.parametrize("degrees", [-4, 3])
def test_skewed_pages(degrees: float):
    assert found_share(*turned(*write_page(), degrees)) > 0.75


def test_stains_shadow_and_dark_surround():
    page, lines = write_page()
    stained = page.astype(np.float32)
    cv2.circle(mask := np.zeros(page.shape, np.float32), (500, 380), 160, 70.0, -1)
    stained -= cv2.GaussianBlur(mask, (0, 0), 25)
    stained *= np.linspace(0.6, 1.0, page.shape[1])[None]
    framed = cv2.copyMakeBorder(np.clip(stained, 0, 255).astype(np.uint8), 60, 60, 90, 20, cv2.BORDER_CONSTANT, value=8)
    moved = [[Region(word.x + 90, word.y + 60, word.w, word.h) for word in line] for line in lines]
    assert found_share(framed, moved) > 0.75


def test_a_spread_reads_the_left_page_first():
    page, _ = write_page((1000, 1000))
    spread = np.hstack([page, page])
    middles = [line.region.centre[0] for line in segment_page(spread)]
    assert sum(middle < 1000 for middle in middles) >= 4
    assert middles == sorted(middles, key=lambda x: x >= 1000)


def test_photographs_and_noise_hold_hardly_a_word():
    noise = np.random.default_rng(0).integers(0, 255, (900, 700)).astype(np.uint8)
    for picture in (load_sample_image("china.jpg"), noise):
        assert sum(len(line.words) for line in segment_page(picture)) <= 8


def cover() -> np.ndarray:
    """Mottled leather with tooled frames and a medallion."""
    random = np.random.default_rng(0)
    mottled = cv2.resize(random.normal(90, 22, (140, 100)).astype(np.float32), (1000, 1400))
    page = np.clip(mottled + random.normal(0, 6, mottled.shape), 0, 255).astype(np.uint8)
    for inset in (60, 90, 110):
        cv2.rectangle(page, (inset, inset), (1000 - inset, 1400 - inset), 40, 4)
    cv2.ellipse(page, (500, 700), (180, 260), 0, 0, 360, 30, 6)
    return page


def chart() -> np.ndarray:
    """A map without names: contour lines, paths and a border."""
    random = np.random.default_rng(0)
    page = np.full((1200, 1600), 232, np.uint8)
    y, x = np.mgrid[:1200, :1600] / 200
    hills = sum(np.sin(a * x + b * y + c) for a, b, c in random.uniform(-2, 2, (6, 3)))
    for level in np.linspace(-3, 3, 13):
        lines, _ = cv2.findContours((hills > level).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.polylines(page, lines, True, 90, 2, cv2.LINE_AA)
    for start, end in random.integers(0, 1200, (30, 2, 2)).tolist():
        cv2.line(page, start, end, 90, 1, cv2.LINE_AA)
    cv2.rectangle(page, (20, 20), (1580, 1180), 30, 5)
    return page


@pytest.mark.parametrize("draw", [cover, chart])
def test_covers_and_maps_hold_hardly_a_word(draw):
    assert sum(len(line.words) for line in segment_page(draw())) <= 5


def written(page: np.ndarray, text: str, left: int, row: int, size: float) -> int:
    """Write a line; the number of its words."""
    cv2.putText(page, text, (left, row), cv2.FONT_HERSHEY_SCRIPT_COMPLEX, size, 20, round(2 * size), cv2.LINE_AA)
    return len(text.split())


def likely_words(page: np.ndarray) -> list[int]:
    return [len(line.words) for line in segment_page(page, (0.45, 0.45))]


def test_large_writing_on_a_small_image():
    page = np.full((600, 800), 245, np.uint8)
    wanted = [
        written(page, text, 60, 160 + 130 * row, 2.2) for row, text in enumerate(("dear brother", "we sail today"))
    ]
    assert likely_words(page) == wanted


def test_two_sizes_of_writing_on_a_page():
    page = np.full((1400, 1100), 245, np.uint8)
    wanted = [written(page, "Chapter the first", 60, 160, 2.9)]
    wanted += [written(page, text, 60, 300 + 100 * row, 1.1) for row, text in enumerate(2 * LINES)]
    found = likely_words(page)
    assert len(found) == len(wanted)
    assert sum(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 3


def test_the_same_page_gives_the_same_words():
    page, _ = write_page()
    assert segment_page(page) == segment_page(page.copy())
