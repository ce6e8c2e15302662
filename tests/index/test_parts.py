"""Sizes, payload keys, dates and page cutting."""

import random
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.index.payload import as_number, as_text, escape
from search.index.sizing import TABLE, tuning_for
from search.index.stable_pages import FIRST_STEP, stable_page
from search.index.vector_index import Neighbour


@given(st.text(max_size=20), st.text(max_size=20))
def test_different_keys_stay_different_and_are_plain(a: str, b: str) -> None:
    assert (escape(a) == escape(b)) == (a.encode("utf-8", "replace") == b.encode("utf-8", "replace"))
    assert escape(a) and all(c.isalnum() or c == "_" for c in escape(a)) and escape(a).isascii()


@given(st.one_of(st.text(), st.integers(), st.floats()))
def test_any_value_has_a_text_and_at_most_one_number(value: str | int | float) -> None:
    assert isinstance(as_text(value), str)
    number = as_number(value)
    assert number is None or (isinstance(number, float) and number == number)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("1785", 1785.0, 1785.999),
        ("1785-01", 1785.0, 1785 + 31 * 0.999 / 365),
        ("1784-03-01", 1784 + 60 / 366, 1784 + 60.999 / 366),
        ("1785-12-31", 1785 + 364 / 365, 1785 + 364.999 / 365),
        ("1785-12-31T12:00:00Z", 1785 + 364 / 365, 1785 + 364.999 / 365),
    ],
)
def test_dates_are_years_and_their_fraction(text: str, start: float, end: float) -> None:
    assert as_number(text) == pytest.approx(start)
    assert as_number(text, end=True) == pytest.approx(end)


@pytest.mark.parametrize("text", ["", "1785-13", "1785-02-30", "March 1785", "nan", "inf", "1e999"])
def test_what_is_no_date_or_number_has_none(text: str) -> None:
    assert as_number(text) is None


def test_bigger_indexes_take_less_memory_a_word() -> None:
    spent = [tuning_for(most).memory_bytes(most, 256) / most for most, _ in TABLE[1:]]
    assert spent == sorted(spent, reverse=True)
    assert tuning_for(1_000_000).memory_bytes(1_000_000, 256) < 600e6
    assert tuning_for(10**13) == TABLE[-1][1]


def neighbour(i: int, similarity: float) -> Neighbour:
    return Neighbour(uuid.UUID(int=i + 1), similarity)


@given(st.integers(1, 400), st.integers(20, 90), st.integers(0, 2**32))
@settings(deadline=None, max_examples=30)
def test_pages_cut_from_a_search_that_misses_some_still_fit(n: int, limit: int, seed: int) -> None:
    """Together they are everything; in order, but for what the graph missed, which comes after what it found."""
    full = [neighbour(i, 1 - i // 2 / n) for i in range(n)]
    missed = set(random.Random(seed).sample(range(n), n // 5))
    graph = [found for i, found in enumerate(full) if i not in missed]

    def search(depth: int, compare_all: bool) -> list[Neighbour]:
        return (full if compare_all or len(graph) < depth else graph)[:depth]

    pages = [stable_page(search, offset, limit) for offset in range(0, n + limit, limit)]
    ids = [found.id for page in pages for found in page]
    least = graph[FIRST_STEP - 1].similarity if len(graph) >= FIRST_STEP else -2.0
    first = [found.id for found in search(FIRST_STEP, False) if found.similarity > least]
    assert ids == first + [found.id for found in full if found.id not in first]
    assert all(len(page) == limit for page in pages[: n // limit])
    exact = [found for offset in range(0, n, limit) for found in stable_page(search, offset, limit, exact=True)]
    assert exact == full
