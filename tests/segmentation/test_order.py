"""Reading order of lines."""

import random

from hypothesis import given
from hypothesis import strategies as st

from ingest.geometry import Region
from ingest.segmentation.order import reading_order


def shuffled_order(lines: list[Region], letter: float = 15) -> list[Region]:
    mixed = lines.copy()
    random.Random(3).shuffle(mixed)
    return [mixed[i] for i in reading_order(mixed, letter)]


def column(x: int, y: int, count: int, w: int = 400) -> list[Region]:
    return [Region(x, y + 60 * i, w, 40) for i in range(count)]


def test_one_column_reads_from_top_to_bottom():
    lines = column(100, 50, 8)
    assert shuffled_order(lines) == lines


def test_columns_and_pages_of_a_spread_read_left_first():
    lines = [*column(100, 50, 6), *column(700, 30, 7)]
    assert shuffled_order(lines) == lines


def test_a_heading_over_two_columns_comes_first():
    lines = [Region(100, 20, 1000, 40), *column(100, 90, 5), *column(700, 90, 5)]
    assert shuffled_order(lines) == lines


def test_a_foot_line_under_two_columns_comes_last():
    lines = [*column(100, 90, 5), *column(700, 90, 5), Region(100, 600, 1000, 40)]
    assert shuffled_order(lines) == lines


def test_lines_that_overlap_read_from_top_to_bottom():
    lines = [Region(100 - i, 50 + 30 * i, 500, 45) for i in range(6)]
    assert shuffled_order(lines) == lines


def test_a_narrow_gap_is_no_column():
    lines = [region for i in range(3) for region in (Region(0, 60 * i, 300, 40), Region(310, 60 * i + 2, 300, 40))]
    assert shuffled_order(lines) == lines


@given(st.lists(st.tuples(*[st.integers(0, 900)] * 2, *[st.integers(1, 400)] * 2), max_size=30))
def test_every_line_comes_once(boxes: list[tuple[int, int, int, int]]):
    lines = [Region(*box) for box in boxes]
    assert sorted(reading_order(lines, 10)) == list(range(len(lines)))
