import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from infra.errors import CorruptError, InputError, NotFoundError, UnsupportedError
from search.embedding.embedder import Crop, EmbeddingSpace, Vectors
from search.engine.reading import READ
from search.evaluation.average_precision import average_precision
from search.evaluation.words import evaluate_words
from search.handwriting.alphabet import fold
from search.handwriting.classes import LETTERS
from search.handwriting.posteriors import packed_readings


class Directions:
    """A few directions for whatever is shown, so that equal scores abound."""

    space = EmbeddingSpace("directions", "0" * 64, 8)

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.rows = np.zeros((256, 8), np.float32)
        for row in self.rows:  # four halves: unit length and all products exact
            row[rng.permutation(8)[:4]] = rng.choice([-0.5, 0.5], 4)

    def embed_crops(self, crops: Sequence[Crop]) -> Vectors:
        return self.rows[[int(crop[0, 0, 0]) // 16 for crop in crops]]

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return self.rows[[sum(text.encode()) % 16 for text in texts]]


def write(path: Path, words: Sequence[tuple[int, str]]) -> Path:
    """Flat grey pictures with texts."""
    images = []
    for grey, _ in words:
        file = io.BytesIO()
        Image.new("L", (12, 8), grey).save(file, "PNG")
        images.append(file.getvalue())
    pq.write_table(pa.table({"image": images, "text": [text for _, text in words]}), path)
    return path


def slow_average_precision(scores: Sequence[float], relevant: set[int]) -> float:
    """By the book: every item at the mean rank of its equals, every precision counted out."""
    total = 0.0
    for item in relevant:
        above = [i for i in range(len(scores)) if scores[i] > scores[item]]
        equal = [i for i in range(len(scores)) if scores[i] == scores[item]]
        rank = len(above) + (len(equal) + 1) / 2
        found = len(relevant & set(above)) + (len(relevant & set(equal)) + 1) / 2
        total += found / rank
    return total / len(relevant)


def slow_measure(words: Sequence[tuple[int, str]], embedder: Directions) -> tuple[float, float, float]:
    """By string, by example and top 1, one query at a time."""
    labels = [fold(text) for _, text in words]
    vectors = embedder.embed_crops([np.full((2, 2, 3), grey, np.uint8) for grey, _ in words])
    by_string, best = [], np.full(len(words), -np.inf)
    top = [""] * len(words)
    for label in sorted(set(labels) - {""}):
        scores = embedder.embed_texts([label])[0] @ vectors.T
        by_string.append(slow_average_precision(scores.tolist(), {i for i, own in enumerate(labels) if own == label}))
        top = [label if score > high else old for score, high, old in zip(scores, best, top, strict=True)]
        best = np.maximum(best, scores)
    by_example = []
    for query, label in enumerate(labels):
        relevant = {i for i, own in enumerate(labels) if own == label and i != query}
        if label and relevant:
            others = [i for i in range(len(words)) if i != query]
            scores = (vectors[query] @ vectors.T)[others].tolist()
            by_example.append(slow_average_precision(scores, {others.index(i) for i in relevant}))
    right = [top[i] == label for i, label in enumerate(labels) if label]
    return float(np.mean(by_string)), float(np.mean(by_example)), float(np.mean(right))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=120))
def test_average_precision_agrees_with_counting(items: list[tuple[int, bool]]) -> None:
    relevant = [i for i, (_, wanted) in enumerate(items) if wanted] or [0]
    scores = np.array([score for score, _ in items], np.float32)
    found = average_precision(scores, np.array(relevant))
    assert found == pytest.approx(slow_average_precision(scores.tolist(), set(relevant)))
    assert 0 < found <= 1


def test_average_precision_of_a_known_ranking() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5], np.float32)
    assert average_precision(scores, np.array([0, 2])) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.ones(5, np.float32), np.array([0, 1])) == pytest.approx(0.5)


@pytest.mark.parametrize("seed", range(4))
def test_the_measure_agrees_with_a_brute_force_reference(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    texts = ["Le", "le", "été", "ete.", "maison", "maisons", "...", "17", "a", "A,", "longue-vue", "seul"]
    words = [(int(rng.integers(256)), texts[int(rng.integers(len(texts) - 1))]) for _ in range(150)] + [(9, "seul")]
    report = evaluate_words(write(tmp_path / "words.parquet", words), Directions(seed))
    by_string, by_example, top1 = slow_measure(words, Directions(seed))
    assert report.qbs_map == pytest.approx(by_string, abs=1e-6)
    assert report.qbe_map == pytest.approx(by_example, abs=1e-6)
    assert report.top1 == pytest.approx(top1)


class Letters(Directions):
    """Reads what is written: the grey level says which of three strings, and everything is seen alike."""

    def embed_crops(self, crops: Sequence[Crop]) -> Vectors:
        return self.rows[np.zeros(len(crops), np.int64)]

    def embed_and_read(self, crops: Sequence[Crop]) -> tuple[Vectors, list[bytes]]:
        said = np.full((len(crops), 3, len(LETTERS) + 1), -9.0, np.float32)
        for row, crop in zip(said, crops, strict=True):
            row[range(3), [LETTERS[letter] for letter in GREYS[int(crop[0, 0, 0])]]] = -0.1
        return self.embed_crops(crops), packed_readings(said, np.full(len(crops), 3))


GREYS = {0: "mer", 90: "sol", 200: "roi"}


def test_the_nearest_are_read_where_the_model_reads(tmp_path: Path) -> None:
    words = [(grey, text) for grey, text in GREYS.items() for _ in range(30)] + [(90, "?")]
    report = evaluate_words(write(tmp_path / "words.parquet", words), Letters())
    assert report.qbs_map == pytest.approx(0.4, abs=0.1), "all are seen alike"
    assert report.qbe_map == pytest.approx(0.4, abs=0.1)
    assert report.qbs_read_map == pytest.approx(1.0, abs=0.02)
    assert report.qbe_read_map == pytest.approx(1.0, abs=0.02)
    assert report.qbe_read_map_interval is not None
    many = write(tmp_path / "many.parquet", [(90, "sol")] * READ + [(0, "mer")] * 10)
    beyond = evaluate_words(many, Letters())
    assert beyond.qbs_read_map is not None and beyond.qbs_read_map < 0.9, "what comes late is not read"
    assert beyond.qbe_read_map is not None and beyond.qbe_read_map < 0.99
    unread = evaluate_words(many, Directions())
    assert unread.qbs_read_map is None and unread.qbe_read_map is None


def test_what_is_counted(tmp_path: Path) -> None:
    words = [(0, "De"), (0, "de,"), (90, "dé"), (30, "..."), (60, "Grenoble"), (200, "an"), (220, "an")]
    report = evaluate_words(write(tmp_path / "words.parquet", words), Directions())
    assert (report.words, report.queries, report.example_queries) == (7, 3, 5)
    assert {group.least: group.queries for group in report.by_length if group.queries} == {2: 2, 7: 1}
    assert {group.least: group.queries for group in report.by_frequency if group.queries} == {1: 1, 2: 2}
    assert json.loads(report.to_json())["queries"] == 3


def test_example_queries_are_drawn_with_the_seed(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    words = [(int(rng.integers(256)), str(rng.choice(["de", "la", "roi", "terre"]))) for _ in range(120)]
    path = write(tmp_path / "words.parquet", words)
    reports = [evaluate_words(path, Directions(), max_example_queries=10, seed=seed) for seed in (1, 1, 2)]
    assert reports[0] == reports[1]
    assert reports[0].example_queries == 10
    assert reports[0].qbe_map != reports[2].qbe_map
    assert reports[0].qbs_map == reports[2].qbs_map


def test_part_of_the_words(tmp_path: Path) -> None:
    path = write(tmp_path / "words.parquet", [(grey, "word") for grey in range(40)])
    assert evaluate_words(path, Directions(), max_words=15).words == 15


@pytest.mark.parametrize("words", [[], [(0, "...")]])
def test_nothing_to_ask(tmp_path: Path, words: list[tuple[int, str]]) -> None:
    path = tmp_path / "words.parquet"
    table = pa.table({"image": pa.array([], pa.binary()), "text": pa.array([], pa.string())})
    pq.write_table(table, path) if not words else write(path, words)
    report = evaluate_words(path, Directions())
    assert (report.qbs_map, report.qbe_map, report.top1, report.queries) == (None, None, None, 0)
    assert evaluate_words(path, Letters()).qbs_read_map is None


def test_wrong_files_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        evaluate_words(tmp_path / "none.parquet", Directions())
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(CorruptError):
        evaluate_words(tmp_path / "text.parquet", Directions())
    pq.write_table(pa.table({"image": [b"x"]}), tmp_path / "columns.parquet")
    with pytest.raises(UnsupportedError, match="columns"):
        evaluate_words(tmp_path / "columns.parquet", Directions())
    pq.write_table(pa.table({"image": [b"no image"], "text": ["x"]}), tmp_path / "image.parquet")
    with pytest.raises(InputError, match="row 0"):
        evaluate_words(tmp_path / "image.parquet", Directions())
