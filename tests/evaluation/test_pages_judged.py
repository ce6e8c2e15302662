"""Recall on words whose true box was looked at."""

from pathlib import Path

import numpy as np
import pytest

from infra.errors import CorruptError, NotFoundError
from search.evaluation.pages_judged import JudgedWord, estimate, read_judged


def test_a_word_stands_for_as_many_as_its_weight():
    words = [
        JudgedWord(("a", "p"), 0, 30.0, True),
        JudgedWord(("a", "p"), 1, 30.0, True),
        JudgedWord(("a", "p"), 2, 10.0, True),
        JudgedWord(("a", "p"), 3, 10.0, False),
    ]
    found = estimate(words, [True, False, True, False])
    assert found.right[0] == pytest.approx(70 / 80)
    assert found.recall[0] == pytest.approx(40 / 70)
    assert found.right[1] <= found.right[0] <= found.right[2]
    assert found.recall[1] <= found.recall[0] <= found.recall[2]


def test_a_dense_draw_of_what_is_missed_does_not_move_the_estimate():
    rng = np.random.default_rng(3)
    met = rng.random(20_000) < 0.8
    right = np.where(met, rng.random(20_000) < 0.98, rng.random(20_000) < 0.5)
    truth = (right & met).sum() / right.sum()
    words, found = [], []
    for value, count in ((True, 400), (False, 400)):
        places = np.flatnonzero(met == value)
        for place in rng.choice(places, count, replace=False).tolist():
            words.append(JudgedWord(("a", "p"), place, len(places) / count, bool(right[place])))
            found.append(value)
    estimated = estimate(words, found)
    assert estimated.recall[1] < truth < estimated.recall[2]
    assert estimated.recall[0] == pytest.approx(truth, abs=0.02)


def test_files_that_cannot_be_read_are_named_with_their_line(tmp_path: Path):
    with pytest.raises(NotFoundError):
        read_judged(tmp_path / "none.csv")
    file = tmp_path / "judged.csv"
    file.write_text("collection,page,word,weight,right\na,p,3,2.5,1\na,p,x,2.5,1\n")
    with pytest.raises(CorruptError, match="line 3"):
        read_judged(file)
    file.write_text("collection,page,word,weight,right\na,p,3,2.5,1\n")
    assert read_judged(file) == [JudgedWord(("a", "p"), 3, 2.5, True)]
