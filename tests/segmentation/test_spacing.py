"""Gaps judged by the writer's own spacing, on lines drawn by hand."""

from dataclasses import replace

import numpy as np
import pytest

from ingest.segmentation.baselines import Course
from ingest.segmentation.cuts import Cut
from ingest.segmentation.network import STEP
from ingest.segmentation.spacing import FEATURES, describe_cuts, judge_cuts

HEIGHT = 8
LINE = Course(10, np.full(380, 40, np.float32), HEIGHT)


def written(widths: list[int], letters: int = 20) -> tuple[np.ndarray, list[Cut]]:
    """A line of ink blocks `letters` map pixels wide with white of these widths between, and a doubtful cut in each."""
    ink, cuts, x = np.zeros((80 * STEP, 400 * STEP), bool), [], 10
    for width in [*widths, 0]:
        ink[36 * STEP : 45 * STEP, x * STEP : (x + letters) * STEP] = True
        x += letters
        if width:
            cuts.append(Cut(x, x + width, 0.0, 0.5, 0.5))
        x += width
    return ink, cuts


def test_of_two_equal_doubts_the_wide_gap_parts_words():
    ink, cuts = written([2, 12, 2, 12, 2, 12])
    (judged,) = judge_cuts([LINE], [cuts], ink)
    narrow, wide = [cut.chance for cut in judged[::2]], [cut.chance for cut in judged[1::2]]
    assert max(narrow) < min(wide)
    assert [(cut.start, cut.end) for cut in judged] == [(cut.start, cut.end) for cut in cuts]


def test_the_line_network_has_as_much_to_say():
    ink, cuts = written([6, 6])
    (judged,) = judge_cuts([LINE], [[cuts[0], replace(cuts[1], along=0.95)]], ink)
    assert judged[0].chance < judged[1].chance


def test_the_white_around_a_cut_is_measured_in_letter_heights():
    ink, cuts = written([4, 12])
    white = describe_cuts([LINE], [cuts], ink)[:, 1]
    assert white * HEIGHT == pytest.approx([4, 12], abs=1)


def test_a_line_without_cuts_is_no_error():
    ink, cuts = written([6])
    assert describe_cuts([LINE], [[]], ink).shape == (0, FEATURES)
    assert [len(line) for line in judge_cuts([LINE, LINE], [[], cuts], ink)] == [0, 1]
