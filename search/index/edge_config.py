"""Our settings in the types of Qdrant Edge."""

from __future__ import annotations

import qdrant_edge as edge

from search.index.conditions import AnyOf, Condition, conditions
from search.index.payload import INTEGERS, KEYWORDS
from search.index.sizing import FALLS_APART, Memory, Tuning
from search.index.vector_index import IndexFilter

_MEMORY: dict[Memory, edge.Memory] = {
    "cold": edge.Memory.Cold,
    "cached": edge.Memory.Cached,
    "pinned": edge.Memory.Pinned,
}
_FULL_SCAN_KB = 10_000


def edge_config(dimension: int, tuning: Tuning) -> edge.EdgeConfig:
    """The shard's configuration."""
    datatype = edge.VectorStorageDatatype.Float16 if tuning.half_originals else edge.VectorStorageDatatype.Float32
    return edge.EdgeConfig(
        vectors=edge.EdgeVectorParams(
            size=dimension, distance=edge.Distance.Cosine, datatype=datatype, memory=_MEMORY[tuning.originals]
        ),
        hnsw_config=edge.HnswIndexConfig(
            m=tuning.graph_links,
            ef_construct=tuning.build_candidates,
            full_scan_threshold=_FULL_SCAN_KB,
            memory=_MEMORY[tuning.graph],
        ),
        quantization_config=_quantization(tuning),
        optimizers=edge.EdgeOptimizersConfig(default_segment_number=tuning.segments),
        payload_memory=edge.Memory.Cached,
    )


def _quantization(tuning: Tuning) -> edge.ScalarQuantizationConfig | edge.TurboQuantQuantizationConfig | None:
    if tuning.quantization == "none":
        return None
    if tuning.quantization == "int8":
        return edge.ScalarQuantizationConfig(type=edge.ScalarType.Int8, quantile=0.99, memory=edge.Memory.Pinned)
    bits = {
        "turbo4": edge.TurboQuantBitSize.Bits4,
        "turbo2": edge.TurboQuantBitSize.Bits2,
        "turbo1": edge.TurboQuantBitSize.Bits1,
    }
    return edge.TurboQuantQuantizationConfig(bits=bits[tuning.quantization], memory=edge.Memory.Pinned)


def search_params(tuning: Tuning, exact: bool, *, quantized: bool = True, filtered: bool = False) -> edge.SearchParams:
    """How a search trades time for exactness: by the graph or all vectors, by their quantized copies first or not."""
    copies = edge.QuantizationSearchParams(rescore=True, oversampling=tuning.oversampling)
    if not quantized or tuning.quantization == "none":
        copies = edge.QuantizationSearchParams(ignore=True)
    return edge.SearchParams(
        hnsw_ef=tuning.candidates(filtered),
        exact=exact,
        quantization=copies,
        acorn=edge.AcornSearchParams(enable=True, max_selectivity=FALLS_APART) if filtered else None,
    )


Schema = edge.KeywordIndexParams | edge.IntegerIndexParams | edge.FloatIndexParams

_MAPPED = edge.Memory.Cached
"""Read through the system's cache of files: in the process' own memory they took 400 MB for a million words."""


def field_indexes() -> dict[str, Schema]:
    """Payload key -> its index. Only the collection takes part in the graph: filters on it are the common ones."""
    keywords = {
        key: edge.KeywordIndexParams(is_tenant=True)
        if key == "collection"
        else edge.KeywordIndexParams(enable_hnsw=False, memory=_MAPPED)
        for key in KEYWORDS
    }
    integers = {
        key: edge.IntegerIndexParams(lookup=False, range=True, enable_hnsw=False, memory=_MAPPED) for key in INTEGERS
    }
    return {**keywords, **integers}


def metadata_indexes(key: str) -> dict[str, Schema]:
    """Indexes of one escaped metadata key."""
    return {
        f"m.{key}": edge.KeywordIndexParams(enable_hnsw=False),
        f"n.{key}": edge.FloatIndexParams(enable_hnsw=False),
    }


def edge_filter(where: IndexFilter) -> edge.Filter | None:
    """None where there is no condition."""
    must, must_not = conditions(where)
    if not must and not must_not:
        return None
    return edge.Filter(must=[_condition(c) for c in must], must_not=[_condition(c) for c in must_not])


def _condition(condition: Condition) -> edge.FieldCondition:
    if isinstance(condition, AnyOf):
        return edge.FieldCondition(key=condition.key, match=edge.MatchAny(list(condition.values)))
    bounds = edge.RangeFloat(gte=condition.low, lte=condition.high, lt=condition.below)
    return edge.FieldCondition(key=condition.key, range=bounds)
