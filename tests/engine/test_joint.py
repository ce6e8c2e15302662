"""How sure a phrase is, from how sure its words are."""

from itertools import pairwise
from itertools import product as choices
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.engine import paths, phrase
from search.engine.background import Background
from search.engine.expression import Unit
from search.engine.near import Near


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


UNITS: list[Unit] = [(0, 1), (1, 2), (2, 3), (0, 2), (1, 3)]


def near(confidences: list[float]) -> Near:
    falling = np.array(sorted(confidences, reverse=True))
    ids = tuple(str(at) for at in range(len(falling)))
    return Near(ids, falling, falling, falling, False, float(falling[-1]), Background(0.0, 0.1, 1.0, 1_000))


@given(st.tuples(*[st.lists(st.floats(1e-7, 0.999), min_size=1, max_size=20) for _ in UNITS]))
def test_words_are_worth_a_look_as_long_as_a_place_with_the_best_beside_them_would_be(found) -> None:
    known = {unit: near(some) for unit, some in zip(UNITS, found, strict=True)}
    best = {unit: one.most for unit, one in known.items()}
    for unit, one in known.items():
        others = max(
            (way for way in ([(0, 1), (1, 2), (2, 3)], [(0, 2), (2, 3)], [(0, 1), (1, 3)]) if unit in way),
            key=lambda way: prod(best[other] for other in way if other != unit),
        )
        places = [paths.joint([c if other == unit else best[other] for other in others]) for c in one.confidences]
        assert phrase._hopeful(known, unit, 3) == sum(place >= phrase._LEAST_HOPE for place in places)
