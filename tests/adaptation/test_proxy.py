"""Telling a better model from a worse one, on vectors made up for it."""

from dataclasses import replace

import numpy as np
import pytest

from search.adaptation.candidates import Seen
from search.adaptation.proxy import View, compare
from search.adaptation.pseudo_labels import Beliefs

STRINGS, EACH, SIZE = 60, 4, 32
ALL = STRINGS * EACH


def view(noise: float, wrong: float = 0.0, strings: int = STRINGS) -> View:
    """Words near to their strings, at that distance; a share of the guesses wrong."""
    rng = np.random.default_rng(1)
    unit = lambda rows: (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)  # noqa: E731
    spelled = unit(rng.standard_normal((strings, SIZE)))
    label = np.repeat(np.arange(strings), EACH)
    vectors = unit(spelled[label] + noise * rng.standard_normal((len(label), SIZE)))
    guess = np.where(rng.random(len(label)) < wrong, rng.permutation(label), label)
    words = tuple(f"w{i}" for i in range(strings))
    near = vectors @ spelled.T
    place = (near > np.take_along_axis(near, label[:, None], 1)).sum(axis=1)
    beliefs = Beliefs(words, spelled, guess[:, None], np.ones((len(label), 1), np.float32), 1.0 / (1.0 + place))
    return View(Seen(vectors, (), ()), beliefs)


def test_a_model_with_the_same_words_nearer_together_is_better():
    verdict = compare(view(0.4), view(0.2), ALL)
    assert verdict.better
    assert verdict.by_string[1] > verdict.by_string[0]
    assert verdict.agreement[1] > verdict.agreement[0]
    assert verdict.gain > 0


@pytest.mark.parametrize(("noise", "wrong"), [(0.4, 0.0), (0.6, 0.0), (0.6, 0.3), (3.0, 0.9)])
def test_the_same_and_worse_ones_are_not(noise: float, wrong: float):
    verdict = compare(view(0.4), view(noise, wrong), ALL)
    assert not verdict.better
    assert verdict.reason


def test_one_witness_may_object_alone():
    before, after = view(0.4), view(0.2)
    mixed = replace(after, beliefs=replace(after.beliefs, agreement=before.beliefs.agreement * 0.9))
    verdict = compare(before, mixed, ALL)
    assert not verdict.better
    assert verdict.reason.startswith("agreement of reading and place is worse")
    assert verdict.by_string[1] > verdict.by_string[0]


def test_a_word_is_taken_for_what_both_models_together_hold_for_likeliest():
    """One is sure, the other in doubt between two others: the sure one's string counts, for both."""
    sure, unsure = view(0.2), view(0.4)
    doubt = np.roll(unsure.beliefs.candidates, EACH, axis=0)
    beliefs = replace(unsure.beliefs, candidates=doubt, chances=np.full((ALL, 1), 0.25, np.float32))
    assert compare(replace(unsure, beliefs=beliefs), sure, ALL).queries == STRINGS
    faint = replace(sure, beliefs=replace(sure.beliefs, chances=np.full((ALL, 1), 0.25, np.float32)))
    assert compare(replace(unsure, beliefs=beliefs), faint, ALL).queries == 0


def test_too_few_words_decide_nothing():
    verdict = compare(view(0.4, strings=10), view(0.1, strings=10), ALL)
    assert not verdict.better
    assert "only 10 strings" in verdict.reason


def test_words_learned_from_are_only_in_the_way():
    """Of one string two are aside and two were learned from: the learned ones count neither as found nor as rivals."""
    half, order = EACH // 2, np.argsort(np.tile(np.arange(EACH), STRINGS), kind="stable")
    before, after = (_ordered(view(noise), order) for noise in (0.4, 0.2))
    verdict = compare(before, after, half * STRINGS)
    assert verdict.better
    assert verdict.queries == STRINGS
    spoiled = after.seen.vectors.copy()
    spoiled[half * STRINGS :] = np.roll(spoiled[half * STRINGS :], 1, axis=0)
    worse = replace(after, seen=replace(after.seen, vectors=spoiled))
    assert compare(before, worse, half * STRINGS).by_string[1] < verdict.by_string[1]


def _ordered(one: View, order: np.ndarray) -> View:
    beliefs = one.beliefs
    beliefs = replace(
        beliefs,
        candidates=beliefs.candidates[order],
        agreement=beliefs.agreement[order],
    )
    return View(replace(one.seen, vectors=one.seen.vectors[order]), beliefs)
