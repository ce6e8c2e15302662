"""Times of queries part by part, beside those of the bare index in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from search.bench.filling import Asked
from search.engine.engine import Engine
from search.engine.expression import Term
from search.engine.find import find
from search.engine.query import Query, Where
from search.engine.sought import spellings
from search.index.vector_index import ALL, IndexFilter

T = TypeVar("T")
Report = dict[str, object]
_STAGES = ("encode", "search", "catalogue", "post")
_BARE_LIMIT = 128
"""What one word asks of the index; see `search.engine.reach`."""
_CLIENTS = (1, 8, 32)


def measure(engine: Engine, asked: Asked, queries: int) -> Iterator[Report]:
    """One part of the report after the other, so that a run that is cut short still says something. Milliseconds."""
    index, collection = engine.index, engine.catalogue.collections()[0].id
    rng = np.random.default_rng(1)
    words = [asked.words[i] for i in rng.permutation(len(asked.words))]
    bare, plain, filtered, busy, filtered_busy = (words[i * queries : (i + 1) * queries] for i in range(5))
    vectors = engine.text_vectors([(word,) for word in bare])
    here = IndexFilter(collections=(collection,))
    for warm in words[-20:]:
        find(engine, Query(warm))
        find(engine, Query(warm, where=Where(collections=(collection,))))
    yield {"words": index.count(), "dimension": engine.embedder.space.dimension, "queries": queries}
    alone = _times(lambda vector: index.query(vector, limit=_BARE_LIMIT), vectors)
    encoded = _times(lambda word: engine.embedder.embed_texts(spellings(Term(word))), bare)
    nearest = [[one.id for one in index.query(vector, limit=_BARE_LIMIT)] for vector in vectors]
    fetched = _times(index.readings, nearest)
    yield {"bare_index": _summary(alone), "encode_text": _summary(encoded), "readings": _summary(fetched)}
    least = np.percentile(alone, 95) + np.percentile(encoded, 95)
    for name, some, where in (("word", plain, Where()), ("word_filtered", filtered, Where(collections=(collection,)))):
        spent, stages = _engine_times(engine, [Query(word, where=where) for word in some])
        yield {name: _summary(spent), "stages": stages, "p95_ratio": round(float(np.percentile(spent, 95) / least), 2)}
    yield {"bare_index_filtered": _summary(_times(lambda v: index.query(v, limit=_BARE_LIMIT, where=here), vectors))}
    spent, stages = _engine_times(engine, [Query(phrase) for phrase in asked.phrases[:queries]])
    yield {"phrase_of_3": _summary(spent), "stages": stages}
    yield {"queries_a_second": {n: _throughput(engine, busy, n, Where()) for n in _CLIENTS}}
    inside = Where(collections=(collection,))
    yield {"queries_a_second_filtered": {n: _throughput(engine, filtered_busy, n, inside) for n in _CLIENTS}}
    yield {"recall_at_100": _recall(engine, bare[:50], ALL), "recall_at_100_filtered": _recall(engine, bare[:50], here)}


def resident_mb() -> dict[str, float]:
    """Memory of this process: all of it, and the part that is no file mapped into it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    amounts = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if line.startswith(("VmRSS", "Rss"))}
    return {"resident_mb": round(int(amounts["VmRSS"]) / 1024), "anonymous_mb": round(int(amounts["RssAnon"]) / 1024)}


def _times(act: Callable[[T], object], items: Sequence[T]) -> list[float]:
    spent = []
    for item in items:
        started = time.perf_counter()
        act(item)
        spent.append(1000 * (time.perf_counter() - started))
    return spent


def _summary(milliseconds: Sequence[float]) -> dict[str, float]:
    return {f"p{share}": round(float(np.percentile(milliseconds, share)), 2) for share in (10, 50, 95)}


def _engine_times(engine: Engine, queries: Sequence[Query]) -> tuple[list[float], dict[str, float]]:
    """Milliseconds of each query, and the median of each stage."""
    timings = []
    spent = _times(lambda query: timings.append(find(engine, query).timing), queries)
    return spent, {stage: round(float(np.median([getattr(t, stage) for t in timings])), 2) for stage in _STAGES}


def _recall(engine: Engine, words: Sequence[str], where: IndexFilter) -> float:
    """Share of the exact 100 nearest among the 100 found."""
    shares = []
    for vector in engine.text_vectors([(word,) for word in words]):
        found = {one.id for one in engine.index.query(vector, limit=100, where=where)}
        exact = {one.id for one in engine.index.query(vector, limit=100, where=where, exact=True)}
        shares.append(len(found & exact) / len(exact))
    return round(float(np.mean(shares)), 4)


def _throughput(engine: Engine, words: Sequence[str], clients: int, where: Where) -> float:
    """Queries a second, by so many threads; every number of clients asks in other spellings, so that none is kept."""
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda word: find(engine, Query(f"{word}{'s' * clients}", where=where)), words))
    return round(len(words) / (time.perf_counter() - started), 1)
