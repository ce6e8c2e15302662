"""Lines, gaps and ink on maps drawn by hand: what the network would say of a perfect page."""

import cv2
import numpy as np
import pytest

from ingest.segmentation.baselines import Course, trace_lines
from ingest.segmentation.cuts import find_cuts
from ingest.segmentation.network import STEP
from ingest.segmentation.shares import Body, share_ink

LETTER = 8


def band_map(curve, columns=range(40, 460), shape=(200, 500)) -> np.ndarray:
    band = np.zeros(shape, np.float32)
    for x in columns:
        y = round(curve(x))
        band[y - LETTER // 2 : y + LETTER // 2, x] = 0.95
    return band


@pytest.mark.parametrize(
    "curve", [lambda x: 60, lambda x: 40 + 0.15 * x, lambda x: 80 + 18 * np.sin(x / 90)], ids=["level", "slope", "curl"]
)
def test_a_line_is_followed(curve):
    (line,) = trace_lines(band_map(curve), LETTER)
    assert abs(line.left - 40) <= 2
    assert abs(line.right - 460) <= 2
    assert line.height == pytest.approx(LETTER, abs=1)
    assert max(abs(line.row(x) - curve(x)) for x in range(60, 440, 20)) < 2.5


def test_lines_come_from_top_to_bottom_and_specks_are_left_out():
    band = np.maximum(band_map(lambda x: 100), band_map(lambda x: 50))
    band[150:153, 100:103] = 1
    assert [round(line.row(200)) for line in trace_lines(band, LETTER)] == pytest.approx([50, 100], abs=1)


def test_stretches_of_one_line_are_joined_but_columns_are_not():
    near = np.maximum(band_map(lambda x: 50, range(40, 200)), band_map(lambda x: 51, range(212, 400)))
    assert len(trace_lines(near, LETTER)) == 1
    far = np.maximum(band_map(lambda x: 50, range(40, 200)), band_map(lambda x: 51, range(260, 400)))
    assert len(trace_lines(far, LETTER)) == 2


def test_two_lines_grown_together_are_parted():
    band = np.maximum(band_map(lambda x: 50), band_map(lambda x: 65))
    band[50:65, 200:210] = 0.9
    band[50:65, 300:306] = 0.9
    lines = trace_lines(band, LETTER)
    assert [round(line.row(100)) for line in lines] == pytest.approx([50, 65], abs=1)


def leaning_gap(gap: np.ndarray, x: int, y: int, slant: float, width: int, chance: float) -> None:
    for row in range(y - 10, y + 10):
        left = round(x - slant * (row - y))
        gap[row, left : left + width] = chance


@pytest.mark.parametrize("slant", [-0.3, 0.0, 0.6])
def test_gaps_are_found_with_their_slant(slant: float):
    gap = np.zeros((200, 500), np.float32)
    along = np.zeros(420, np.float32)
    for x, chance in ((120, 0.9), (260, 0.6), (350, 0.2)):
        leaning_gap(gap, x, 60, slant, 6, chance)
        along[x - 40 : x - 34] = chance
    line = Course(40, np.full(420, 60, np.float32), LETTER)
    cuts = find_cuts(gap, along, line, least=0.4)
    assert [(cut.start + cut.end) / 2 for cut in cuts] == pytest.approx([123, 263], abs=2)
    assert [cut.chance for cut in cuts] == pytest.approx([0.9, 0.6], abs=0.05)
    assert {cut.slant for cut in cuts} == {slant}


def test_gaps_on_both_sides_of_a_short_word_stay_two():
    gap = np.zeros((200, 500), np.float32)
    gap[50:70, 200:230] = 0.9
    gap[50:70, 213:217] = 0.3
    line = Course(40, np.full(420, 60, np.float32), LETTER)
    assert len(find_cuts(gap, gap[60, 40:460], line, least=0.25)) == 2


def test_a_gap_that_one_network_rules_out_is_none():
    line = Course(40, np.full(420, 60, np.float32), LETTER)
    gap = np.zeros((200, 500), np.float32)
    gap[50:70, 200:206] = 0.9
    along = np.where(gap[60, 40:460] > 0, np.float32(0.5), np.float32(0))
    (cut,) = find_cuts(gap, along, line, least=0.25)
    assert (cut.chance, cut.along) == pytest.approx((0.9, 0.5), abs=0.02)
    assert find_cuts(gap, 0 * along, line, least=0.25) == []


def body(line: Course, left: float, right: float) -> Body:
    row = line.row(left)
    return Body(line, left, right, (0.0, 0.0), row - 3 * LETTER, row + 3 * LETTER)


def test_ink_goes_to_the_word_it_touches_and_touching_strokes_are_cut():
    ink = np.zeros((300, 800), bool)
    upper, lower = (Course(20, np.full(360, y, np.float32), LETTER) for y in (40, 80))
    for y in (80, 160):
        ink[y - 8 : y + 8, 60:200] = True
        ink[y - 8 : y + 8, 240:400] = True
    ink[80:160, 100:104] = True
    ink[64:70, 300:306] = True
    ink[40:46, 340:346] = True
    bodies = [body(line, a, b) for line in (upper, lower) for a, b in ((30, 101), (119, 201))]
    boxes = share_ink(ink, bodies, LETTER)
    assert all(box is not None for box in boxes)
    first, second, third, fourth = boxes
    assert (first.x, first.x2, first.y) == (60, 200, 72)
    assert first.y2 == pytest.approx(120, abs=2 * STEP), "the stroke down to the next line is cut half-way"
    assert third.y == pytest.approx(120, abs=2 * STEP)
    assert (second.x, second.y, second.y2) == (240, 64, 88), "the dot is its word's, the speck is not"
    assert (fourth.x, fourth.y, fourth.x2, fourth.y2) == (240, 152, 400, 168)


def test_a_body_without_ink_has_no_box():
    line = Course(20, np.full(360, 40, np.float32), LETTER)
    assert share_ink(np.zeros((300, 800), bool), [body(line, 30, 100)], LETTER) == [None]
    assert share_ink(np.zeros((300, 800), bool), [], LETTER) == []


def test_strokes_over_two_words_are_cut_between_them():
    ink = np.zeros((200, 800), bool)
    ink[72:88, 60:400] = True
    line = Course(20, np.full(360, 40, np.float32), LETTER)
    first, second = share_ink(ink, [body(line, 30, 100), body(line, 120, 200)], LETTER)
    assert first.x == 60
    assert second.x2 == 400
    assert 200 <= first.x2 <= 220 <= second.x <= 240


def test_drawing_uses_opencv_fixed_point():
    """Outlines keep sub-pixel ends; a body between two columns still marks the map."""
    line = Course(20, np.full(360, 40.5, np.float32), LETTER)
    mask = np.zeros((100, 400), np.uint8)
    cv2.fillPoly(mask, [np.round(body(line, 30.4, 31.0).outline() * 16).astype(np.int32)], 1, shift=4)
    assert mask.any()
