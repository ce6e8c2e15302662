"""What a step is shown: strings that are near, words that look alike, and nothing that may be right after all."""

import numpy as np

from search.adaptation.lesson import Lesson
from search.adaptation.pseudo_labels import Beliefs

STRINGS = ("uno", "una", "due", "tre", "sei")


def a_lesson() -> Lesson:
    """Six words: two of "uno", two of "una", which look alike, and two of "tre", apart from them."""
    chances = np.array([[0.9, 0.05, 0.01]] * 2 + [[0.8, 0.19, 0.0]] * 2 + [[0.95, 0.0, 0.0]] * 2, np.float32)
    candidates = np.array([[0, 1, 2]] * 2 + [[1, 0, 4]] * 2 + [[3, 2, 0]] * 2)
    beliefs = Beliefs(STRINGS, np.eye(5, dtype=np.float32), candidates, chances, np.ones(6))
    vectors = np.array([[1, 0], [1, 0.1], [1, 0.2], [1, 0.3], [0, 1], [0.1, 1]], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Lesson([np.zeros((48, 40), np.uint8)] * 6, beliefs, np.arange(6), vectors)


def test_strings_are_all_candidates_and_each_once():
    found = a_lesson().strings(np.array([2, 0, 1]), np.array([4, 3, 3, 0]))
    assert found[:2].tolist() == [0, 1]
    assert sorted(found.tolist()) == [0, 1, 2, 3, 4]


def test_what_a_word_may_say_is_not_driven_apart():
    lesson, words = a_lesson(), np.array([0, 2, 5])
    strings = lesson.strings(words, np.array([4]))
    possible = lesson.possible(words, strings)
    told = [{STRINGS[strings[column]] for column in np.flatnonzero(row)} for row in possible]
    assert told == [{"uno", "una"}, {"uno", "una"}, {"tre"}]


def test_words_are_drawn_with_others_that_look_alike_and_say_something_else():
    lesson = a_lesson()
    rng = np.random.default_rng(0)
    drawn = [lesson.draw(8, 0.25, 4, rng) for _ in range(50)]
    assert all(len(places) == 12 for places in drawn)
    for places in drawn:
        first = places[:6]
        assert all(lesson.label[own] != lesson.label[other] for own, other in zip(first[:3], first[3:], strict=True))


def test_a_word_alone_of_its_kind_has_no_lookalike():
    beliefs = Beliefs(
        STRINGS, np.eye(5, dtype=np.float32), np.array([[0]] * 3), np.ones((3, 1), np.float32), np.ones(3)
    )
    lesson = Lesson([np.zeros((48, 40), np.uint8)] * 3, beliefs, np.arange(3), np.eye(3, dtype=np.float32))
    assert set(lesson.draw(4, 0.0, 0, np.random.default_rng(0)).tolist()) <= {0, 1, 2}
