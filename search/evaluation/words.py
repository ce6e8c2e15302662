"""Word search measured on word crops with known text: by string, by example, and closed-set recognition.

The protocol of Almazan et al., "Word Spotting and Recognition with Embedded Attributes", 2014: labels are folded; every
distinct label is one query by string; every word whose label occurs twice or more is one query by example, itself left
out of its own ranking. Words with an empty label are distractors only. Both are also measured as a search
ranks where the model reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from infra.errors import CorruptError, InputError, NotFoundError, UnsupportedError
from search.embedding.embedder import Crop, EmbeddedWord, Embedder, Reader, Vectors, embed_words
from search.engine.confidence import Kind
from search.engine.reading import read_among
from search.evaluation.average_precision import average_precision
from search.evaluation.bootstrap import Interval, mean_interval
from search.handwriting.alphabet import fold
from search.handwriting.classes import spell
from search.handwriting.likely import likely_strings
from search.handwriting.posteriors import Strings

_BLOCK = 256
"""Queries compared at once; with 22,000 words 23 MB."""
_CROPS = 1024
"""Crops decoded at once."""
_MICRO = np.float32(2**20)
LENGTHS = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 6), (7, 9), (10, None))
FREQUENCIES = ((1, 1), (2, 5), (6, 20), (21, 100), (101, None))


@dataclass(frozen=True, slots=True)
class Group:
    """Queries by string whose label has a certain length or frequency."""

    least: int
    most: int | None
    """Inclusive; None for no upper bound."""
    queries: int
    qbs_map: float | None
    """None where there is no such query."""


@dataclass(frozen=True, slots=True)
class WordsReport:
    """Fractions of 1; None where the ground truth cannot tell."""

    qbs_map: float | None
    """Mean average precision by string, of the vectors alone."""
    qbs_read_map: float | None
    """By string, the nearest read as a search reads them; None where the model does not read."""
    qbe_map: float | None
    """Mean average precision by example, of the vectors alone."""
    qbe_read_map: float | None
    """By example, the nearest read."""
    top1: float | None
    """Share of labelled words whose nearest of all labels is their own."""
    words: int
    """Crops ranked, distractors included."""
    queries: int
    """Queries by string: distinct labels."""
    example_queries: int
    by_length: tuple[Group, ...] = field(default=())
    """Letters of the label."""
    by_frequency: tuple[Group, ...] = field(default=())
    """Words with the label."""
    qbs_map_interval: Interval | None = None
    qbs_read_map_interval: Interval | None = None
    qbe_map_interval: Interval | None = None
    qbe_read_map_interval: Interval | None = None
    """95 % of the mean over queries, by bootstrap."""

    def to_json(self) -> str:
        """One object, on one line."""
        return json.dumps(asdict(self))


def evaluate_words(
    parquet_path: Path | str,
    embedder: Embedder,
    *,
    max_example_queries: int | None = 2000,
    seed: int = 0,
    max_words: int | None = None,
) -> WordsReport:
    """Embed all words of a Parquet file (columns `image`, `text`) and measure how well each is found among all.

    At most `max_example_queries` queries by example, drawn with `seed`; None for all. `max_words` looks at
    so many words, drawn with `seed`, for a quick look. Raises InputError.
    """
    path = Path(parquet_path)
    table = _read(path)
    rng = np.random.default_rng(seed)
    if max_words is not None and max_words < len(table):
        table = table.take(np.sort(rng.permutation(len(table))[:max_words]))
    labels = [fold(text or "") for text in table["text"].to_pylist()]
    words = [word for crops in _crops(path, table) for word in embed_words(embedder, crops)]
    return _measure(labels, words, embedder, max_example_queries, rng)


def _measure(
    labels: list[str], words: list[EmbeddedWord], embedder: Embedder, max_examples: int | None, rng: np.random.Generator
) -> WordsReport:
    vectors = np.array([word.vector for word in words], np.float32).reshape(-1, embedder.space.dimension)
    distinct = sorted({label for label in labels if label})
    number = {label: place for place, label in enumerate(distinct)}
    own = np.array([number.get(label, -1) for label in labels], dtype=np.int64)
    order = np.argsort(own, kind="stable").astype(np.int64)
    bounds = np.searchsorted(own[order], np.arange(len(distinct) + 1))
    members = [order[bounds[i] : bounds[i + 1]] for i in range(len(distinct))]
    strings = embedder.embed_texts(distinct)
    by_string, nearest = _by_string(strings, vectors, members)
    reads = isinstance(embedder, Reader)
    readings = [word.reading for word in words]
    by_reading = _by_reading(distinct, strings, readings, vectors, members) if reads else np.zeros(0)
    repeated = np.concatenate([np.zeros(0, np.int64), *[places for places in members if len(places) > 1]])
    if max_examples is not None and len(repeated) > max_examples:
        repeated = repeated[rng.permutation(len(repeated))[:max_examples]]
    by_example, examples_read = _by_example(np.sort(repeated), vectors, own, members, readings if reads else None)
    labelled = own >= 0
    counts = np.array([len(places) for places in members])
    return WordsReport(
        qbs_map=_mean(by_string),
        qbs_read_map=_mean(by_reading),
        qbe_map=_mean(by_example),
        qbe_read_map=_mean(examples_read),
        top1=_mean((nearest == own)[labelled].astype(np.float64)),
        words=len(labels),
        queries=len(distinct),
        example_queries=len(repeated),
        by_length=_groups(LENGTHS, np.array([len(label) for label in distinct]), by_string),
        by_frequency=_groups(FREQUENCIES, counts, by_string),
        qbs_map_interval=mean_interval(by_string),
        qbs_read_map_interval=mean_interval(by_reading),
        qbe_map_interval=mean_interval(by_example),
        qbe_read_map_interval=mean_interval(examples_read),
    )


def _by_string(
    strings: Vectors, vectors: Vectors, members: list[NDArray[np.int64]]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Average precision of each string, and for each word the nearest string."""
    precisions = np.zeros(len(strings))
    nearest = np.full(len(vectors), -1, np.int64)
    best = np.full(len(vectors), -np.inf, np.float32)
    for start in range(0, len(strings), _BLOCK):
        scores = _cosines(strings[start : start + _BLOCK], vectors)
        for row, line in enumerate(scores):
            precisions[start + row] = average_precision(line, members[start + row])
        top = scores.max(axis=0)
        better = top > best
        nearest[better] = start + scores.argmax(axis=0)[better]
        best = np.maximum(best, top)
    return precisions, nearest


def _by_reading(
    labels: list[str], strings: Vectors, readings: list[bytes], vectors: Vectors, members: list[NDArray[np.int64]]
) -> NDArray[np.float64]:
    """Average precision of each string, its nearest words ranked anew by vector and reading, the others after them."""
    precisions = np.zeros(len(strings))
    for start in range(0, len(strings), _BLOCK):
        for row, line in enumerate(_cosines(strings[start : start + _BLOCK], vectors), start):
            spelling = {labels[row]: 1.0} if spell(labels[row]) else {}
            precisions[row] = average_precision(_read_scores(line, readings, spelling, "read"), members[row])
    return precisions


def _by_example(
    queries: NDArray[np.int64],
    vectors: Vectors,
    own: NDArray[np.int64],
    members: list[NDArray[np.int64]],
    readings: list[bytes] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average precision of each query word among all others: by vector, and with it and the nearest read; of no query
    where there are no readings."""
    alone, read = np.zeros(len(queries)), np.zeros(len(queries) if readings is not None else 0)
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        scores = _cosines(vectors[block], vectors)
        for row, (line, query) in enumerate(zip(scores, block, strict=True), start):
            places = members[own[query]]
            places = places[places != query]
            line[query] = -np.inf
            alone[row] = average_precision(line, places)
            if readings is not None:
                line = _read_scores(line, readings, likely_strings(readings[query]), "image_read")
                read[row] = average_precision(line, places)
    return alone, read


def _read_scores(line: Vectors, readings: list[bytes], strings: Strings, kind: Kind) -> NDArray[np.float32]:
    """What a search ranks by, of `_cosines`."""
    return read_among(line.astype(np.float64) / _MICRO, readings, strings, kind).astype(np.float32)


def _cosines(queries: Vectors, vectors: Vectors) -> Vectors:
    """Rounded to a millionth: equal words score equal, wherever in the matrix product they stand."""
    return np.asarray(np.rint(queries @ vectors.T * _MICRO), np.float32)


def _groups(
    bounds: tuple[tuple[int, int | None], ...], sizes: NDArray[np.int64], precisions: NDArray[np.float64]
) -> tuple[Group, ...]:
    groups: list[Group] = []
    for least, most in bounds:
        inside = (sizes >= least) & (sizes <= (most if most is not None else np.iinfo(np.int64).max))
        groups.append(Group(least, most, int(inside.sum()), _mean(precisions[inside])))
    return tuple(groups)


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def _read(path: Path) -> pa.Table:
    if not path.is_file():
        raise NotFoundError("there is no such file", input=str(path))
    try:
        with pq.ParquetFile(path) as file:
            if not {"image", "text"} <= set(file.schema_arrow.names):
                raise UnsupportedError("a Parquet file with columns `image` and `text` is needed", input=str(path))
            return file.read(columns=["image", "text"])
    except (pa.ArrowException, OSError) as error:
        raise CorruptError(f"cannot be read as Parquet: {error}", input=str(path)) from error


def _crops(path: Path, table: pa.Table) -> Iterator[list[Crop]]:
    """The decoded images, some at a time."""
    for start in range(0, len(table), _CROPS):
        crops: list[Crop] = []
        for row, image in enumerate(table["image"][start : start + _CROPS].to_pylist(), start):
            pixels = cv2.imdecode(np.frombuffer(image or b"\0", np.uint8), cv2.IMREAD_COLOR_RGB)
            if pixels is None:
                raise InputError(f"the image of row {row} cannot be decoded", input=str(path))
            crops.append(pixels.astype(np.uint8, copy=False))
        yield crops
