"""Confidences: rising with similarity, fitted to outcomes, honest about words that are not there."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from infra.errors import ModelError
from search.engine.background import Background, background
from search.engine.calibration.fit import fit_word_sets
from search.engine.calibration.reliability import calibration_error, draw
from search.engine.calibration.trials import near
from search.engine.calibration.word_set import WordSet, word_set
from search.engine.confidence import GENERAL, Asked, ConfidenceModel, load_confidence
from search.engine.reading import READS

DIMENSION = 24


def vectors_of(texts: list[str]) -> np.ndarray:
    """A fixed direction for each spelling."""
    rows = [np.random.default_rng(abs(hash_of(text))).normal(size=DIMENSION) for text in texts]
    return unit(np.array(rows))


def hash_of(text: str) -> int:
    import zlib

    return zlib.crc32(text.casefold().encode())


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def written(name: str, seed: int, words: int = 600) -> WordSet:
    """Words of a made-up collection: each a noisy picture of its spelling."""
    rng = np.random.default_rng(seed)
    lexicon = [f"word{seed if i % 3 else ''}{chr(97 + i % 26)}{i}" for i in range(120)]
    texts = [lexicon[i] for i in rng.integers(0, len(lexicon), words)]
    noise = rng.normal(size=(words, DIMENSION)) * rng.uniform(0.05, 0.35, (words, 1))
    return word_set(name, unit(vectors_of(texts) + noise), texts)


@pytest.fixture(scope="module")
def calibration():
    sets = [written(name, seed) for seed, name in enumerate(("a", "b", "c"))]
    return fit_word_sets(sets, vectors_of, "ef" * 32, queries=120)


def test_confidences_hold_on_a_collection_left_out_of_the_fit(calibration) -> None:
    for kind, by_set in calibration.held_out.items():
        for name, found in by_set.items():
            assert found.error <= 0.05, (kind, name, found.error)
            assert found.searches > 100 and found.absent_searches > 40


def test_absent_words_give_few_sure_hits_and_present_ones_many(calibration) -> None:
    for found in calibration.held_out["text"].values():
        assert found.absent_sure_hits < 0.3
        assert found.sure_recall > 0.5
        assert found.sure_precision > 0.7


def test_confidence_rises_with_similarity_and_knows_the_rest(calibration) -> None:
    similarities = np.linspace(1, -1, 50)
    for kind in ("text", "loose", "image"):
        asked = Asked(kind, 6, Background(0.0, 0.2, 1.5, 1000))
        chances = calibration.model.probabilities(similarities, asked)
        assert (np.diff(chances) <= 0).all() and chances[0] > chances[-1]
        assert ((chances > 0) & (chances < 1)).all()
    for words in (1, 100, 10**9):
        assert np.isfinite(
            calibration.model.probabilities(similarities, Asked("text", 0, Background(0, 1e-3, 0, words)))
        ).all()


def test_the_shipped_file_serves_its_checkpoint_alone(calibration, tmp_path: Path) -> None:
    path = tmp_path / "confidence.json"
    calibration.model.save(path)
    assert load_confidence("ef" * 32, path).weights == calibration.model.weights
    assert load_confidence("00" * 32, path) is GENERAL
    assert load_confidence("00" * 32, tmp_path / "absent.json") is GENERAL
    assert set(json.loads(path.read_text())["report"]["left_out"]["text"]) == {"a", "b", "c"}
    of_another_time = {"digest": "ef" * 32, "weights": {"text": [0.0, 1.0]}, "report": {}}
    for damaged in ({}, of_another_time):
        path.write_text(json.dumps(damaged))
        with pytest.raises(ModelError, match="calibration"):
            load_confidence("ef" * 32, path)


def test_the_diagram_is_drawn(calibration, tmp_path: Path) -> None:
    draw(calibration.held_out, tmp_path / "reliability.png")
    assert (tmp_path / "reliability.png").read_bytes()[:4] == b"\x89PNG"


def test_calibration_error_is_the_mean_distance_of_the_bins() -> None:
    chances = np.array([0.1, 0.1, 0.9, 0.9])
    assert calibration_error(chances, np.array([False, False, True, True])) == pytest.approx(0.1)
    assert calibration_error(chances, np.array([True, True, False, False])) == pytest.approx(0.9)


def test_words_that_are_what_was_asked_do_not_widen_the_background() -> None:
    rng = np.random.default_rng(0)
    others = rng.normal(0.1, 0.1, 900)
    plain = background(others, 900)
    mixed = background(np.concatenate([others, np.full(100, 0.9)]), 1000)
    assert mixed.spread == pytest.approx(plain.spread, rel=0.15)
    assert background(np.zeros(0), 0) == Background(0.0, 1.0, 0.0, 0)


@pytest.mark.parametrize(
    ("asked", "found", "is_near"),
    [("maison", "maisons", True), ("maison", "raison", True), ("maison", "saison", True), ("maison", "moisson", False),
     ("registre", "regitre", True), ("le", "les", True), ("le", "roi", False), ("", "a", True)],
)  # fmt: skip
def test_near_spellings(asked: str, found: str, is_near: bool) -> None:
    assert near(asked, found) is is_near


def test_fewer_than_two_collections_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="two"):
        fit_word_sets([written("a", 0)], vectors_of, "", queries=10)


def test_a_general_rule_serves_models_without_their_own() -> None:
    asked = Asked("text", 6, Background(0.2, 0.05, 1.5, 10_000))
    near_one, far_one = GENERAL.probabilities(np.array([0.6, 0.3]), asked)
    assert near_one > 0.5 > far_one
    assert isinstance(GENERAL, ConfidenceModel)


def test_words_that_are_read_have_coefficients_of_their_own(reading) -> None:
    seen = [written(name, seed, 300) for seed, name in enumerate("ab")]
    read = [
        replace(one, readings=np.array([reading(str(label)) for label in one.labels], dtype=object)) for one in seen
    ]
    found = fit_word_sets(read, vectors_of, "", queries=40)
    without = fit_word_sets(seen, vectors_of, "", queries=10)
    for kind, of_kind in READS.items():
        assert found.model.weights[of_kind] not in (GENERAL.weights[of_kind], found.model.weights[kind])
        for name in "ab":
            by_vector, by_reading = found.held_out[kind][name], found.held_out[of_kind][name]
            assert by_reading.sure_recall > by_vector.sure_recall
            assert by_reading.error < 0.05
        assert without.model.weights[of_kind] == GENERAL.weights[of_kind] and of_kind not in without.held_out


def test_an_example_among_its_own_hits_takes_nothing_from_the_others(reading, calibration) -> None:
    [words] = [replace(written("a", 0), readings=np.array([reading("a")] * 600, dtype=object))]
    read = fit_word_sets([words, replace(words, name="b")], vectors_of, "", queries=20).model
    for model, kind in ((calibration.model, "image"), (read, "image_read")):
        asked = Asked(kind, 3, Background(0.0, 0.2, 1.5, 1000))
        alone, beside = (model.probabilities(np.array(found), asked) for found in ([0.6, 0.5], [1.0, 0.6, 0.5]))
        assert beside[1:] == pytest.approx(alone)
