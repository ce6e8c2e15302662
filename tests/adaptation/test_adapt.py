"""From ink to a model, with a few steps; that it learns is measured, not tested."""

import copy
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from open_clip.model import CustomTextCLIP

from infra.errors import ModelError
from search.adaptation import adapt as adapting
from search.adaptation.adapt import AdaptConfig, adapt
from search.adaptation.candidates import see
from search.adaptation.checkpoint import Checkpoint
from search.adaptation.delta import apply_delta, changes, pack_delta
from search.adaptation.fine_tune import TuneConfig, Tuner
from search.adaptation.known import Known
from search.adaptation.lesson import Lesson
from search.adaptation.lexicon import word_lexicon
from search.adaptation.proxy import Verdict
from search.adaptation.pseudo_labels import Beliefs, believe
from search.adaptation.told import Told
from search.adaptation.words import Words
from search.handwriting.ink import Pixels, raw_ink, scaled
from search.handwriting.load import load_handwriting_model

WORDS = ["maison", "jardin", "lettre", "village", "enfant", "cheval", "fenetre", "dimanche"]
BETTER = Verdict(True, "better", 40, (0.5, 0.6), (0.5, 0.6), (0.5, 0.6))


@pytest.fixture(scope="module")
def model() -> CustomTextCLIP:
    return load_handwriting_model()[0]


@pytest.fixture
def inks() -> list[Pixels]:
    """Each word three times, in one plain hand."""
    return [raw_ink(picture(word, size)) for size in (1.0, 1.1, 1.2) for word in WORDS]


def picture(word: str, size: float) -> Pixels:
    page = np.full((70, 60 + int(26 * size * len(word)), 3), 245, np.uint8)
    cv2.putText(page, word, (12, 46), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, size, (30, 30, 30), 2, cv2.LINE_AA)
    return page


def guesses(model: CustomTextCLIP, inks: Sequence[Pixels]) -> Beliefs:
    return believe(model, see(model, [scaled(ink) for ink in inks]), Words.of(model, word_lexicon(WORDS)))


def tuner(model: CustomTextCLIP, inks: Sequence[Pixels], steps: int) -> Tuner:
    beliefs = guesses(model, inks)
    former = see(model, [scaled(ink) for ink in inks]).vectors
    config = TuneConfig(batch=16, chunks=2, threads=1, negatives=8, steps=steps)
    return Tuner(copy.deepcopy(model), Lesson(inks, beliefs, beliefs.surer_than(0.0), former), config)


def test_guesses_are_probabilities_and_what_is_sure_is_right(model: CustomTextCLIP, inks: list[Pixels]):
    beliefs = guesses(model, inks)
    assert (beliefs.chances.sum(axis=1) <= 1.0 + 1e-4).all()
    sure = beliefs.surer_than(0.5)
    assert len(sure) > 10
    right = [beliefs.words[beliefs.label[place]] == WORDS[place % len(WORDS)] for place in sure]
    assert np.mean(right) > 0.9


def test_scribble_is_something_else(model: CustomTextCLIP, inks: list[Pixels]):
    rng = np.random.default_rng(0)
    scribble = [raw_ink(rng.integers(0, 255, (40, 120, 3)).astype(np.uint8)) for _ in inks]
    assert guesses(model, scribble).confidence.max() < guesses(model, inks).confidence.mean() / 2


def test_words_that_look_alike_speak_for_each_other(model: CustomTextCLIP, inks: list[Pixels]):
    same = guesses(model, inks).label.reshape(3, len(WORDS))
    assert (same == same[0]).mean() > 0.8


def test_the_image_tower_alone_changes(model: CustomTextCLIP, inks: list[Pixels]):
    learning = tuner(model, inks, 2)
    learning.run()
    changed = changes(model, learning.model)
    assert changed
    assert all(name.startswith("visual.") for name in changed)


def test_a_round_goes_on_where_it_was_stopped(model: CustomTextCLIP, inks: list[Pixels]):
    whole, first, second = tuner(model, inks, 4), tuner(model, inks, 4), tuner(model, inks, 4)
    whole.run()
    first.model.train()
    first.step()
    first.step()
    second.restore(copy.deepcopy(first.state()))
    second.run()
    for name, value in whole.average.items():
        assert torch.allclose(value.float(), second.average[name].float(), atol=1e-3), name


def test_a_delta_makes_the_adapted_model_of_the_base(model: CustomTextCLIP, inks: list[Pixels]):
    learning = tuner(model, inks, 1)
    learning.run()
    content = pack_delta(changes(model, learning.model), "base")
    again = apply_delta(copy.deepcopy(model), content)
    maps = [scaled(ink) for ink in inks]
    assert np.allclose(see(again, maps).vectors, see(learning.model, maps).vectors, atol=0.02)
    with pytest.raises(ModelError, match="adapt the collection again"):
        apply_delta(copy.deepcopy(model), content[:100])


def test_too_few_words_are_refused_and_the_model_stays(model: CustomTextCLIP, inks: list[Pixels]):
    before = copy.deepcopy(model.state_dict())
    found = adapt(model, inks, word_lexicon(WORDS))
    assert found.delta is None
    assert "too few" in found.reason
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> AdaptConfig:
    """A run that takes a few words and two steps a round."""
    monkeypatch.setattr(adapting, "LEAST_WORDS", 10)
    monkeypatch.setattr(adapting, "better_language", lambda readings, words: None)
    return AdaptConfig(minutes=5.0, threads=1, steps=1)


def test_a_slow_machine_looks_at_fewer_words(
    model: CustomTextCLIP, inks: list[Pixels], monkeypatch: pytest.MonkeyPatch
):
    clock = iter((0.0, 2.0, 0.0, 200.0))  # 256 words are read in two seconds, then in two hundred
    monkeypatch.setattr(adapting.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(adapting, "see", lambda *_: None)
    many = inks * 500
    assert adapting.as_many_as_time_allows(model, inks, AdaptConfig()) == len(inks)
    quick = adapting.as_many_as_time_allows(model, many, AdaptConfig())
    assert 4_000 < quick < len(many)
    assert adapting.as_many_as_time_allows(model, many, AdaptConfig()) == 2_000


def test_what_was_said_is_learned_from_however_few_words_are_looked_at(
    model: CustomTextCLIP, inks: list[Pixels], small: AdaptConfig, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(adapting, "as_many_as_time_allows", lambda *_: 16)
    seen: list[int] = []
    monkeypatch.setattr(Known, "moved", lambda self, to: seen.extend(to) or Known())
    adapt(model, inks, word_lexicon(WORDS), small, known=Known({23: (Told("a", "jardin", True),)}))
    assert len(seen) == 16
    assert 23 in seen


def test_what_is_no_better_is_refused(model: CustomTextCLIP, inks: list[Pixels], small: AdaptConfig):
    found = adapt(model, inks, word_lexicon(WORDS), small)
    assert found.delta is None
    assert "strings that words aside are taken for" in found.reason
    assert found.verdict is not None
    assert found.report()["better"] is False


def test_what_is_better_is_given_and_a_checkpoint_is_gone(
    model: CustomTextCLIP, inks: list[Pixels], small: AdaptConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(adapting, "compare", lambda *_: BETTER)
    monkeypatch.setattr("search.adaptation.checkpoint._EVERY", 0.0)
    path = tmp_path / "c.pt"
    told: list[str] = []

    def progress(doing: str, share: float) -> None:
        told.append(doing)
        assert 0.0 <= share <= 1.0

    found = adapt(model, inks, word_lexicon(WORDS), small, path, progress)
    assert found.delta
    assert {"reading", "guessing", "learning", "comparing"} <= set(told)
    assert not path.exists()


def test_a_checkpoint_of_another_run_or_a_damaged_one_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("search.adaptation.checkpoint._EVERY", 0.0)
    path = tmp_path / "c.pt"
    Checkpoint(path, "a").save_now_and_then(1, 900, 2.0, {}, dict)
    kept = Checkpoint(path, "a").load()
    assert kept is not None
    assert (kept["round"], kept["words"], kept["seconds"]) == (1, 900, 2.0)
    assert Checkpoint(path, "b").load() is None
    path.write_bytes(b"torn")
    assert Checkpoint(path, "a").load() is None
