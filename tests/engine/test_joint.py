"""How sure a phrase is, from how sure its words are."""

from itertools import pairwise
from itertools import product as choices
from math import prod

import pytest

from search.engine import paths


def by_counting(confidences: list[float], coupling: float) -> float:
    """Every way the words may be right or wrong, weighed one by one."""
    weights = {}
    for right in choices((False, True), repeat=len(confidences)):
        odds = prod(c / (1 - c) for c, is_right in zip(confidences, right, strict=True) if is_right)
        pairs = sum(a and b for a, b in pairwise(right))
        weights[right] = odds * coupling**pairs
    return weights[(True,) * len(confidences)] / sum(weights.values())


@pytest.mark.parametrize("confidences", [[0.4], [0.01, 0.5], [0.3, 0.4, 0.9], [0.99, 0.002, 0.2, 0.7]])
def test_it_sums_over_all_ways_of_being_right(confidences: list[float]) -> None:
    assert paths.joint(confidences) == pytest.approx(by_counting(confidences, paths.COUPLING))


def test_words_that_have_nothing_to_do_with_each_other_multiply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "COUPLING", 1.0)
    assert paths.joint([0.3, 0.4, 0.9]) == pytest.approx(0.3 * 0.4 * 0.9)


def test_it_rises_with_each_word_and_two_likely_ones_beat_a_sure_and_an_unlikely_one() -> None:
    assert paths.joint([0.2, 0.5]) < paths.joint([0.3, 0.5]) < paths.joint([0.3, 0.6])
    assert paths.joint([0.3, 0.3]) > paths.joint([0.999, 0.01])
