"""Stamps, print, additions between lines, tables, squared paper, brackets, spreads and pictures beside the writing."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from sheets import Sheet, found_and_others, round_stamp
from sklearn.datasets import load_sample_image

from ingest.segmentation import segment_page
from ingest.segmentation.readings import ONE_READING
from ingest.segmentation.segmenter import segment_turned


def assert_found(sheet: Sheet, share: float, others: int) -> None:
    found, false = found_and_others(sheet.words, segment_page(sheet.photographed(), ONE_READING))
    assert found >= share * len(sheet.words)
    assert false <= others


@pytest.mark.parametrize(("pitch", "lean"), [(34, 2.5), (46, -1.5)])
def test_writing_on_squared_paper(pitch: int, lean: float):
    sheet = Sheet()
    sheet.squares(pitch, lean, 0.25)
    sheet.write_page()
    assert_found(sheet, 0.95, others=3)


def test_a_table_whose_rules_lean():
    sheet = Sheet()
    columns = (60, 420, 800, 1240)
    for y in range(80, 1080, 75):
        sheet.stroke([(60, y), (1240, y + 40)])
    for x in columns:
        sheet.stroke([(x, 60), (x - 35, 1070)], 4)
    for row in range(11):
        for left, right in pairwise(columns):
            sheet.write(left + 15 - 2.6 * row, 80 + 75 * (row + 1) - 18 + left / 30, right - 15 - 2.6 * row, 0.8)
    assert_found(sheet, 0.95, others=1)


@pytest.mark.parametrize("lines", ["squares", "table", "dots"])
def test_a_leaf_that_is_ruled_but_blank(lines: str):
    sheet = Sheet()
    if lines == "squares":
        sheet.squares(34, 1.2, 0.5)
    for y in range(100, 1000, 70):
        if lines == "table":
            sheet.stroke([(60, y), (1240, y + 20)])
        if lines == "dots":
            for x in range(100, 1200, 12):
                sheet.stroke([(x, y), (x + 1, y)], 3)
    assert found_and_others([], segment_page(sheet.photographed())) == (0, 0)


def test_a_printed_form_filled_in_over_dotted_lines():
    sheet = Sheet()
    for row, label in enumerate(("Name and surname", "Born at", "Trade", "Dwelling", "Signed before", "Parish of")):
        y = 180 + 140 * row
        end = sheet.print(90, y, label)
        for x in range(int(end) + 10, 1200, 12):
            sheet.stroke([(x, y), (x + 1, y)], 3)
        sheet.write(end + 20, y - 4, 900)
    assert_found(sheet, 0.95, others=1)
    turned, turns = segment_turned(np.ascontiguousarray(np.rot90(sheet.photographed(), 2)), ONE_READING)
    assert turns == 2
    assert sum(len(line.words) for line in turned) == pytest.approx(len(sheet.words), rel=0.1)


def test_small_words_added_between_the_lines_are_words_of_their_own():
    sheet = Sheet()
    sheet.write_page(pitch=115)
    usual = len(sheet.words)
    for row in range(7):
        sheet.write(250 + 90 * row, 120 + 115 * row + 56, 250 + 90 * row + 240, 0.6)
    lines = segment_page(sheet.photographed(), ONE_READING)
    found, _ = found_and_others(sheet.words[:usual], lines)
    assert found >= 0.97 * usual
    found, _ = found_and_others(sheet.words[usual:], lines)
    assert found >= 0.9 * (len(sheet.words) - usual)


def test_long_brackets_and_strokes_in_the_margin():
    sheet = Sheet()
    sheet.write_page(left=200, until=1080)
    along = np.linspace(0, 1, 60)
    bow = np.sin(np.pi * along) ** 0.35
    tip = np.exp(-(((along - 0.5) / 0.03) ** 2))
    sheet.stroke(np.stack([170 - 16 * bow - 10 * tip, 100 + 480 * along], 1), 4)
    sheet.stroke(np.stack([1070 + 16 * bow, 90 + 700 * along], 1), 4)
    sheet.stroke([(1130, 500), (1124, 1000)], 4)
    assert_found(sheet, 0.97, others=2)


def test_stamps_beside_the_writing():
    sheet = Sheet()
    sheet.write_page(rows=5)
    for x in (130, 760):
        sheet.darken(0.6 * round_stamp(), x, 680)
    assert_found(sheet, 0.97, others=6)


def test_a_stamp_over_the_writing_spoils_only_what_it_covers():
    sheet = Sheet()
    sheet.write_page()
    sheet.darken(0.6 * round_stamp(), 500, 350)
    far = [word for word in sheet.words if word.y2 < 340 or word.y > 700 or word.x2 < 480 or word.x > 860]
    found, _ = found_and_others(far, segment_page(sheet.photographed(), ONE_READING))
    assert found >= 0.97 * len(far)


def test_a_spread_with_a_dark_gutter_and_bent_lines():
    sheet = Sheet((1100, 2300))
    sheet.write_page(left=120, until=1000)
    sheet.write_page(left=1300, until=2200)
    across = np.arange(2300)
    sheet.darken((0.75 * np.exp(-(((across - 1150) / 60) ** 2)))[None].repeat(1100, axis=0))
    bend = (60 * np.exp(-np.abs(across - 1150) / 260)).astype(np.float32)
    rows = np.arange(1100, dtype=np.float32)[:, None] + bend
    columns = across.astype(np.float32)[None].repeat(1100, axis=0)
    page = cv2.remap(sheet.photographed(), columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lines = segment_page(page, ONE_READING)
    moved = [type(word)(word.x, int(word.y - bend[int(word.centre[0])]), word.w, word.h) for word in sheet.words]
    found, false = found_and_others(moved, lines)
    assert found >= 0.95 * len(moved)
    assert false <= 3
    pages = [line.region.centre[0] > 1150 for line in lines]
    assert pages == sorted(pages)


def test_a_photograph_with_words_below_it():
    sheet = Sheet()
    picture = cv2.cvtColor(load_sample_image("china.jpg"), cv2.COLOR_RGB2GRAY)
    sheet.paste(cv2.resize(picture, (900, 600)), 200, 100)
    sheet.write(250, 790, 1000)
    sheet.write(250, 880, 1000)
    assert_found(sheet, 0.97, others=3)
