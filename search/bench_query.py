"""Benchmark of queries: `python -m search.bench_query --words 1000000 --home FOLDER`.

Made-up words on made-up pages: a vector near the spelling's own for each, spellings drawn by their frequency in French.
The catalogue, the index and the engine are the real ones. Prints JSON, one object a line; times are milliseconds.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from wordfreq import top_n_list, word_frequency

from infra.logs import set_up_logs
from infra.settings import load_settings
from ingest.catalogue.catalogue import Catalogue
from ingest.catalogue.ids import word_id
from ingest.catalogue.records import Draft, DraftWord
from ingest.geometry import Region
from ingest.sources.source import PageRef, SourceInfo
from search.embedding import Embedder, load_embedder
from search.engine.engine import Engine
from search.engine.find import find
from search.engine.query import Query, Where
from search.index.open_index import open_index
from search.index.vector_index import IndexFilter, Point, VectorIndex

T = TypeVar("T")

WORDS_A_PAGE = 300
PAGES_A_DOCUMENT = 100
COLLECTIONS = 5
_JITTER = 0.6
"""Length of the noise added to the unit vector of a spelling."""


def main() -> None:
    """Fill where the home is empty, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--home", type=Path, required=True)
    asked = parser.parse_args()
    settings = load_settings(home=asked.home)
    set_up_logs(settings)
    embedder = load_embedder(settings)
    catalogue = Catalogue(settings.catalogue_url)
    index = open_index(settings, embedder.space)
    vocabulary = [word for word in top_n_list("fr", 6_000) if len(word) > 2 and word.isalpha()]
    if index.count() == 0:
        print(json.dumps({"filled": _fill(catalogue, index, embedder, vocabulary, asked.words)}), flush=True)
    engine = Engine(embedder, index, catalogue)
    for part in _measure(engine, vocabulary, asked.queries):
        print(json.dumps(part), flush=True)
    index.close()
    catalogue.close()


def _fill(
    catalogue: Catalogue, index: VectorIndex, embedder: Embedder, vocabulary: Sequence[str], words: int
) -> dict[str, float]:
    """Pages of words drawn by frequency; seconds spent."""
    rng = np.random.default_rng(0)
    chances = np.array([word_frequency(word, "fr") for word in vocabulary])
    spellings = embedder.embed_texts(vocabulary)
    space = embedder.space
    catalogue.use_space(space.key, space.model, space.digest, space.dimension)
    started = time.perf_counter()
    documents = -(-words // (WORDS_A_PAGE * PAGES_A_DOCUMENT))
    for number in range(documents):
        owner = catalogue.add_collection(f"bench {number % COLLECTIONS}")
        info = SourceInfo(f"/bench/{number}", "pdf", f"document {number}", f"{number:064x}")
        refs = [PageRef(page, str(page)) for page in range(1, PAGES_A_DOCUMENT + 1)]
        listed = catalogue.list_document(owner.id, info, refs, base_url="http://localhost")
        for page in catalogue.claim_pages("bench", PAGES_A_DOCUMENT, [listed.document_id]):
            drawn = rng.choice(len(vocabulary), WORDS_A_PAGE, p=chances / chances.sum())
            drafts = [
                DraftWord(Region(50 + 160 * (i % 10), 50 + 90 * (i // 10), 140, 60), i // 10, i % 10)
                for i in range(WORDS_A_PAGE)
            ]
            vectors = _jittered(spellings[drawn], rng)
            index.upsert(
                [
                    Point(
                        UUID(word_id(page.page_id, page.digest, draft.region, "bench")),
                        vector,
                        owner.id,
                        listed.document_id,
                        page.page_id,
                        page.claim,
                        page.number,
                    )
                    for draft, vector in zip(drafts, vectors, strict=True)
                ]
            )
            draft = Draft("none", (1700, 2800), (1700, 2800), "bench", tuple(drafts))
            catalogue.finish_page(page.page_id, page.claim, draft, space.key)
    filled = time.perf_counter()
    index.optimize()
    return {"seconds": round(filled - started, 1), "optimize_seconds": round(time.perf_counter() - filled, 1)}


def _jittered(vectors: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    noise = rng.normal(size=vectors.shape)
    noisy = vectors + _JITTER * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return np.asarray(noisy / np.linalg.norm(noisy, axis=1, keepdims=True), np.float32)


def _measure(engine: Engine, vocabulary: Sequence[str], queries: int) -> Iterator[dict[str, object]]:
    """One part of the report after the other, so that a run that is cut short still says something."""
    rng = np.random.default_rng(1)
    index, collection = engine.index, engine.catalogue.collections()[0].id
    drawn = [vocabulary[i] for i in rng.permutation(len(vocabulary))[: 3 * queries]]
    words, again, fresh = drawn[:queries], drawn[queries : 2 * queries], drawn[2 * queries :]
    phrases = [f'"{a} {b} {c}"' for a, b, c in zip(words, again, fresh, strict=True)]
    vectors = engine.text_vectors([(word, word.capitalize()) for word in words])
    here = IndexFilter(collections=(collection,))
    find(engine, Query("chauffe"))
    yield {"words": index.count(), "dimension": engine.embedder.space.dimension}
    bare = _summary(_times(lambda vector: index.query(vector, limit=128), vectors))
    encode = _summary(_times(lambda word: engine.embedder.embed_texts([word, word.capitalize()]), again))
    yield {"bare_index": bare, "encode_text": encode}
    spent, stages = _engine_times(engine, [Query(word) for word in again])
    ratio = spent["p95"] / (bare["p95"] + encode["p95"])
    yield {"word": spent, "stages_p50": stages, "p95_ratio_to_bare_and_encoding": round(ratio, 2)}
    yield {"bare_index_filtered": _summary(_times(lambda vector: index.query(vector, limit=128, where=here), vectors))}
    spent, stages = _engine_times(engine, [Query(word, where=Where(collections=(collection,))) for word in fresh])
    yield {"word_filtered": spent, "stages_p50": stages}
    spent, stages = _engine_times(engine, [Query(phrase) for phrase in phrases[: max(1, queries // 4)]])
    yield {"phrase_of_3": spent, "stages_p50": stages}
    yield {"queries_a_second": {clients: _throughput(engine, words, clients) for clients in (1, 8, 32)}}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield {"resident_mb": round(_resident_mb()), "peak_mb": round(peak)}
    yield {"recall_at_100": _recall(index, vectors[:50])}


def _times(act: Callable[[T], object], items: Sequence[T]) -> list[float]:
    spent = []
    for item in items:
        started = time.perf_counter()
        act(item)
        spent.append(1000 * (time.perf_counter() - started))
    return spent


def _summary(milliseconds: Sequence[float]) -> dict[str, float]:
    return {"p50": round(float(np.median(milliseconds)), 2), "p95": round(float(np.percentile(milliseconds, 95)), 2)}


def _engine_times(engine: Engine, queries: Sequence[Query]) -> tuple[dict[str, float], dict[str, float]]:
    """p50 and p95 of the whole query, and the median of each stage."""
    timings = []
    spent = _times(lambda query: timings.append(find(engine, query).timing), queries)
    stages = {stage: round(float(np.median([getattr(t, stage) for t in timings])), 2) for stage in _STAGES}
    return _summary(spent), stages


_STAGES = ("encode", "search", "catalogue", "post")


def _recall(index: VectorIndex, vectors: Sequence[NDArray[np.float32]]) -> float:
    """Share of the exact 100 nearest among the 100 found."""
    shares = []
    for vector in vectors:
        found = {one.id for one in index.query(vector, limit=100)}
        shares.append(len(found & {one.id for one in index.query(vector, limit=100, exact=True)}) / 100)
    return round(float(np.mean(shares)), 4)


def _throughput(engine: Engine, words: Sequence[str], clients: int) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda word: find(engine, Query(word)), words))
    return round(len(words) / (time.perf_counter() - started), 1)


def _resident_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
