"""What is taken away as a rule, and what stays."""

import cv2
import numpy as np
import pytest

from ingest.segmentation.rules import remove_rules

LETTER = 20.0


def drawn(*lines: tuple[tuple[int, int], tuple[int, int], int]) -> np.ndarray:
    page = np.zeros((500, 900), np.uint8)
    for start, end, width in lines:
        cv2.line(page, start, end, 1, width)
    return page > 0


@pytest.mark.parametrize("lean", [0, 9, 30])
def test_long_lines_go_also_where_they_lean(lean: int):
    level = ((50, 200), (850, 200 + lean), 3)
    upright = ((300, 20), (300 + lean // 2, 480), 3)
    for line in (drawn(level), drawn(upright)):
        assert remove_rules(line, LETTER).sum() < 0.03 * line.sum()


def test_squares_leave_nothing_at_their_crossings():
    across = [((0, y), (899, y + 20), 2) for y in range(-20, 500, 40)]
    down = [((x, 0), (x - 11, 499), 2) for x in range(0, 900, 40)]
    squares = drawn(*across, *down)
    assert remove_rules(squares, LETTER).sum() < 0.02 * squares.sum()


def test_a_stroke_that_crosses_a_rule_stays_whole():
    rule, stroke = ((50, 200), (850, 220), 3), ((400, 170), (380, 240), 4)
    kept = remove_rules(drawn(rule, stroke), LETTER)
    assert (kept & drawn(stroke)).sum() > 0.95 * drawn(stroke).sum()
    assert kept.sum() < 1.3 * drawn(stroke).sum()


def test_short_strokes_and_broad_bars_stay():
    for line in (((100, 200), (230, 200), 3), ((50, 200), (850, 200), 30)):
        assert remove_rules(drawn(line), LETTER).sum() > 0.999 * drawn(line).sum()
