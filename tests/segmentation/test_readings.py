"""Readings of a line where gaps are doubtful."""

import pytest

from ingest.geometry import Region
from ingest.segmentation.readings import read_line

PARTS = [Region(0, 10, 20, 10), Region(30, 8, 20, 14), Region(55, 10, 30, 10)]


def spans(chances: list[float], doubt: tuple[float, float]) -> set[tuple[int, int]]:
    return {(word.position, word.span) for word in read_line(PARTS, chances, doubt).words}


def test_without_doubt_each_part_is_a_word():
    line = read_line(PARTS, [0.9, 0.8], (0.5, 0.5))
    assert [word.region for word in line.words] == PARTS
    assert [word.position for word in line.words] == [0, 1, 2]
    assert line.region == Region(0, 8, 85, 14)
    assert [word.score for word in line.words] == pytest.approx([0.9, 0.72, 0.8])


def test_a_doubtful_gap_is_read_both_ways():
    assert spans([0.95, 0.5], (0.3, 0.7)) == {(0, 1), (1, 1), (2, 1), (1, 2)}
    line = read_line(PARTS, [0.95, 0.5], (0.3, 0.7))
    merged = next(word for word in line.words if word.span == 2)
    assert merged.region == Region(30, 8, 55, 14)
    assert merged.score == pytest.approx(0.95 * 0.5, abs=1e-4)


def test_two_doubtful_gaps_give_all_runs():
    assert spans([0.5, 0.5], (0.3, 0.7)) == {(0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (0, 3)}


def test_runs_are_not_endless():
    many = [Region(20 * i, 0, 15, 10) for i in range(10)]
    words = read_line(many, [0.5] * 9, (0.3, 0.7)).words
    assert max(word.span for word in words) == 3
