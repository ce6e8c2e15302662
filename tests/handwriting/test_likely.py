"""The strings that a word may say, found without trying all of them."""

from collections import defaultdict
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.handwriting.classes import BLANK, FOLDED, LETTERS
from search.handwriting.likely import KEPT, likely_strings
from search.handwriting.posteriors import fits, packed_readings, unpacked

A, B, E = (LETTERS[letter] for letter in "abe")


def packed(said: list[dict[int, float]]) -> bytes:
    """Chances of some classes, column by column."""
    rows = np.full((1, len(said), len(LETTERS) + 1), -9.0, np.float32)
    for row, column in zip(rows[0], said, strict=True):
        row[list(column)] = np.log(list(column.values()))
    return packed_readings(rows, np.array([len(said)]))[0]


def every_string(reading: bytes) -> dict[str, float]:
    """By the book: all ways to write down something, summed by what they say; four times as much for each letter."""
    columns, found = unpacked(reading), defaultdict[str, float](float)
    for path in product(*columns):
        letters = [one for i, one in enumerate(path) if one != BLANK and (i == 0 or path[i - 1] != one)]
        chance = np.prod([column[one] for column, one in zip(columns, path, strict=True)])
        found["".join(FOLDED[letter - 1] for letter in letters)] += float(4.0 ** len(letters) * chance)
    found.pop("", None)
    return {text: weight / sum(found.values()) for text, weight in found.items()}


chances = st.floats(0.01, 1.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries({BLANK: chances, A: chances, B: chances}), min_size=1, max_size=3))
def test_where_there_are_few_strings_all_are_found_with_their_weights(said: list[dict[int, float]]) -> None:
    reading = packed(said)
    assert likely_strings(reading) == pytest.approx(every_string(reading))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([BLANK, A, B, E]), st.floats(0.02, 0.15)), min_size=4, max_size=7))
def test_of_many_strings_the_likeliest_are_kept(columns: list[tuple[int, float]]) -> None:
    reading = packed([dict.fromkeys((BLANK, A, B, E), other) | {one: 0.9} for one, other in columns])
    found, every = likely_strings(reading), every_string(reading)
    assert KEPT - 1 <= len(found) <= KEPT and sum(found.values()) == pytest.approx(1)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    best = max(every, key=lambda text: every[text])
    assert next(iter(found)) == best or every[next(iter(found))] > 0.8 * every[best]
    assert sum(every[text] for text in found) > 0.8 * sum(sorted(every.values())[-len(found) :])


def test_a_letter_twice_needs_something_between() -> None:
    assert next(iter(likely_strings(packed([{A: 1.0}, {BLANK: 1.0}, {A: 1.0}])))) == "aa"
    assert next(iter(likely_strings(packed([{A: 1.0, B: 0.01}, {A: 1.0, B: 0.01}])))) == "a"


def test_nothing_read_says_nothing() -> None:
    assert likely_strings(b"") == {} == likely_strings(packed([{BLANK: 1.0}]))


def test_strings_together_fit_as_each_by_itself() -> None:
    readings = [packed([{A: 0.6, B: 0.4}, {E: 0.5, BLANK: 0.5}, {B: 0.9, A: 0.1}]), packed([{B: 1.0}]), b""]
    strings = {"aeb": 0.5, "ab": 0.3, "beb": 0.1, "b": 0.1}
    one_by_one = sum(weight * np.exp(fits(readings, {text: 1.0})) for text, weight in strings.items())
    np.testing.assert_allclose(np.exp(fits(readings, strings)), one_by_one, rtol=1e-9)
