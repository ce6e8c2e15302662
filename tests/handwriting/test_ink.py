import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.handwriting.ink import HEIGHT, MAX_WIDTH, MIN_WIDTH, RAW_HEIGHT, Pixels, ink_map, pixels, raw_ink


def written(height: int = 60, paper: tuple[int, int, int] = (255, 255, 255), margin: int = 4) -> Pixels:
    """RGB: dark strokes on paper of a colour."""
    (width, tall), _ = cv2.getTextSize("word", cv2.FONT_HERSHEY_SIMPLEX, height / 30, 2)
    page = np.full((tall + 2 * margin, width + 2 * margin, 3), paper, np.uint8)
    place, ink = (margin, tall + margin), (50, 35, 30)
    cv2.putText(page, "word", place, cv2.FONT_HERSHEY_SIMPLEX, height / 30, ink, 2, cv2.LINE_AA)
    return page


def likeness(first: Pixels, second: Pixels) -> float:
    """Correlation of two ink maps at one size."""
    size = (96, HEIGHT)
    a, b = (cv2.resize(ink, size).astype(np.float64).ravel() for ink in (first, second))
    return float(np.corrcoef(a, b)[0, 1])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 200), st.integers(1, 500), st.sampled_from([0, 3]), st.integers(0, 2**32 - 1))
def test_a_crop_of_any_size_becomes_an_ink_map(height: int, width: int, channels: int, seed: int) -> None:
    crop = np.random.default_rng(seed).integers(0, 256, (height, width, 3)[: 2 + bool(channels)], dtype=np.uint8)
    ink = ink_map(crop)
    assert ink.dtype == np.uint8
    assert ink.shape[0] == HEIGHT
    assert MIN_WIDTH <= ink.shape[1] <= MAX_WIDTH


def test_ink_is_bright_and_paper_is_black() -> None:
    ink = ink_map(written())
    assert ink.max() > 220
    assert np.median(ink) < 10


@pytest.mark.parametrize("paper", [(235, 215, 170), (120, 110, 90), (180, 200, 220)])
def test_coloured_paper_gives_the_same_ink(paper: tuple[int, int, int]) -> None:
    assert likeness(ink_map(written()), ink_map(written(paper=paper))) > 0.97


@pytest.mark.parametrize("margin", [0, 12, 40])
def test_loose_and_tight_boxes_give_the_same_ink(margin: int) -> None:
    assert likeness(ink_map(written()), ink_map(written(margin=margin))) > 0.85


def test_size_hardly_matters() -> None:
    page = written(height=40)
    assert likeness(ink_map(page), ink_map(pixels(cv2.resize(page, None, fx=3, fy=3)))) > 0.93


def test_uneven_light_is_removed() -> None:
    page = written(margin=10)
    light = np.linspace(0.55, 1.0, page.shape[1])[None, :, None]
    assert likeness(ink_map(page), ink_map((page * light).astype(np.uint8))) > 0.93


def test_blank_paper_stays_black() -> None:
    assert ink_map(np.full((40, 80, 3), 200, np.uint8)).max() == 0


def test_raw_ink_is_no_higher_than_training_needs() -> None:
    assert raw_ink(written(height=200)).shape[0] <= RAW_HEIGHT
