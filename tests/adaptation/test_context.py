"""What neighbours on a line tell of each other."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from search.adaptation.context import usual_neighbours, with_context
from search.adaptation.following import following

# Five times "je donne" and "la maison" are written, and once "je" with a word that may as well be "donne" as "dorme".
JE, LA, DONNE, MAISON, DORME, OTHER = range(6)
CANDIDATES = np.array([[JE, OTHER], [DONNE, DORME], [LA, OTHER], [MAISON, DORME]] * 5 + [[JE, OTHER], [DONNE, DORME]])
CHANCES = np.array([[0.9, 0.05, 0.05], [0.8, 0.1, 0.1]] * 10 + [[0.9, 0.05, 0.05], [0.45, 0.45, 0.1]], np.float32)
FOLLOWING = np.array([place + 1 if place % 2 == 0 else -1 for place in range(22)])


def test_a_pair_that_is_usual_is_believed():
    chances = with_context(CANDIDATES, CHANCES, FOLLOWING)
    assert chances[-1, 0] > 0.7
    assert chances[-1, 1] < 0.25


def test_a_pair_is_no_witness_of_itself():
    two = with_context(CANDIDATES[:2], CHANCES[:2], np.array([1, -1]))
    assert np.allclose(two, CHANCES[:2], atol=1e-3)


def test_where_nothing_follows_nothing_changes():
    assert np.allclose(with_context(CANDIDATES, CHANCES, np.full(22, -1)), CHANCES, atol=1e-4)


@given(
    arrays(np.int64, (6, 3), elements=st.integers(0, 9)),
    arrays(np.float32, (6, 4), elements=st.floats(0.0009765625, 1.0, width=32)),
    arrays(np.int64, 6, elements=st.integers(-1, 5)),
)
def test_probabilities_stay_probabilities(candidates, weights, after):
    chances = with_context(candidates, weights / weights.sum(axis=1, keepdims=True), after)
    assert np.isfinite(chances).all()
    assert np.allclose(chances.sum(axis=1), 1.0, atol=1e-4)


def test_what_usually_stands_beside_a_neighbour_is_proposed():
    labels = np.array([0, 1] * 5 + [0, 2] * 2 + [0, 7])
    usual = usual_neighbours(
        labels, np.ones(16, np.float32), np.array([p + 1 if p % 2 == 0 else -1 for p in range(16)])
    )
    assert usual[-1, :3].tolist() == [1, 2, 7]
    assert set(usual[-1, 6:].tolist()) == {7}, "nothing follows it, so it proposes itself"
    assert set(usual[0].tolist()) == {0}


def test_the_next_word_is_the_nearest_to_the_right_on_the_line(tmp_path: Path):
    path = tmp_path / "words.parquet"
    boxes = ["10,10,50,20", "140,12,50,20", "70,8,50,20", "12,60,50,20", "70,9,50,20", "400,10,50,20"]
    pages = ["a", "a", "a", "a", "b", "a"]
    pq.write_table(pa.table({"page": pages, "xywh": boxes}), path)
    assert following(path, np.arange(6)) == [2, -1, 1, -1, -1, -1]
    assert following(path, np.array([1, 2])) == [-1, 0]


def test_a_file_without_places_tells_of_no_lines(tmp_path: Path):
    path = tmp_path / "words.parquet"
    pq.write_table(pa.table({"text": ["a"]}), path)
    assert following(path, np.arange(1)) == []
