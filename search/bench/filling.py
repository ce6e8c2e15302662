"""A home to measure in: made-up pages whose words have the readings of real ones, and their vectors moved by noise.

Catalogue and index are the real ones and are filled by their ordinary ways, so that what is measured is what is used.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from wordfreq import top_n_list

from ingest.catalogue.catalogue import Catalogue
from ingest.catalogue.ids import word_id
from ingest.catalogue.records import ClaimedPage, Draft, DraftWord
from ingest.geometry import Region
from ingest.sources.source import PageRef, SourceInfo
from search.embedding import Embedder, EmbeddingSpace
from search.engine.calibration.word_set import WordSet, read_word_set, word_set
from search.index.vector_index import Point, VectorIndex

WORDS_A_LINE = 10
WORDS_A_PAGE = 300
PAGES_A_DOCUMENT = 100
COLLECTIONS = 5
JITTER = 0.5
"""Length of the noise added to a unit vector."""
_MOST_OF_A_FILE = 2_000
_FIRST_PAGES = 40
_ASKED = "asked.json"
_LAYOUT = tuple(
    DraftWord(Region(50 + 160 * (i % WORDS_A_LINE), 50 + 90 * (i // WORDS_A_LINE), 140, 60), i // WORDS_A_LINE, i % 10)
    for i in range(WORDS_A_PAGE)
)


def real_words(paths: Sequence[Path], embedder: Embedder) -> WordSet:
    """Some words of each Parquet file; without files, the spellings of frequent French words."""
    if not paths:
        texts = [word for word in top_n_list("fr", 6_000) if len(word) > 2 and word.isalpha()]
        return word_set("spellings", embedder.embed_texts(texts), texts)
    sets = [read_word_set(path, embedder, most=_MOST_OF_A_FILE) for path in paths]
    vectors, texts = np.concatenate([one.vectors for one in sets]), [str(t) for one in sets for t in one.texts]
    readings = [reading for one in sets for reading in one.readings]
    return word_set("words", vectors, texts, readings).part(np.flatnonzero([text.isalpha() for text in texts]))


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands on the first pages, to be asked."""

    words: list[str]
    phrases: list[str]
    """Three neighbours each."""

    @classmethod
    def of(cls, pages: Sequence[Sequence[str]]) -> Asked:
        """From the words of some pages, in their order."""
        words = list(dict.fromkeys(word for page in pages for word in page))
        threes = [page[i : i + 3] for page in pages for i in range(0, len(page), WORDS_A_LINE)]
        return cls(words, [f'"{" ".join(three)}"' for three in threes])

    @classmethod
    def read(cls, home: Path) -> Asked:
        """As `write` left it."""
        return cls(**json.loads((home / _ASKED).read_text(encoding="utf-8")))

    def write(self, home: Path) -> None:
        """Beside what was filled."""
        (home / _ASKED).write_text(json.dumps(asdict(self)), encoding="utf-8")


def fill(
    catalogue: Catalogue, index: VectorIndex, space: EmbeddingSpace, words: WordSet, count: int, home: Path
) -> dict[str, float]:
    """Write about `count` words and what may be asked of them, and build the index's graph. Seconds of both."""
    rng, first = np.random.default_rng(0), list[list[str]]()
    catalogue.use_space(space.key, space.model, space.digest, space.dimension)
    started = time.perf_counter()
    for number in range(-(-count // (WORDS_A_PAGE * PAGES_A_DOCUMENT))):
        owner = catalogue.add_collection(f"bench {number % COLLECTIONS}")
        info = SourceInfo(f"/bench/{number}", "pdf", f"document {number}", f"{number:064x}")
        refs = [PageRef(page, str(page)) for page in range(1, PAGES_A_DOCUMENT + 1)]
        listed = catalogue.list_document(owner.id, info, refs, base_url="http://localhost")
        for page in catalogue.claim_pages("bench", PAGES_A_DOCUMENT, [listed.document_id]):
            rows = rng.integers(0, len(words.texts), WORDS_A_PAGE)
            if len(first) < _FIRST_PAGES:
                first.append([str(text) for text in words.texts[rows]])
            index.upsert(_points(page, _jittered(words.vectors[rows], rng), words.readings[rows]))
            draft = Draft("none", (1700, 2800), (1700, 2800), "bench", _LAYOUT)
            catalogue.finish_page(page.page_id, page.claim, draft, space.key)
    Asked.of(first).write(home)
    filled = time.perf_counter()
    index.optimize()
    return {"fill": round(filled - started, 1), "build": round(time.perf_counter() - filled, 1)}


def _points(page: ClaimedPage, vectors: NDArray[np.float32], readings: NDArray[np.object_]) -> list[Point]:
    ids = [UUID(word_id(page.page_id, page.digest, word.region, "bench")) for word in _LAYOUT]
    return [
        Point(
            word, vector, page.collection_id, page.document_id, page.page_id, page.claim, page.number, reading=reading
        )
        for word, vector, reading in zip(ids, vectors, readings, strict=True)
    ]


def _jittered(vectors: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    noise = rng.standard_normal(vectors.shape, np.float32)
    noisy = vectors + JITTER * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return np.asarray(noisy / np.linalg.norm(noisy, axis=1, keepdims=True), np.float32)
