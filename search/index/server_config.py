"""Our settings in the types of the Qdrant server."""

from __future__ import annotations

from qdrant_client import models

from search.index.conditions import AnyOf, Condition, conditions
from search.index.payload import INTEGERS, KEYWORDS
from search.index.sizing import FALLS_APART, Memory, Tuning
from search.index.vector_index import IndexFilter

Schema = models.KeywordIndexParams | models.IntegerIndexParams | models.FloatIndexParams
_MEMORY: dict[Memory, models.Memory] = {
    "cold": models.Memory.COLD,
    "cached": models.Memory.CACHED,
    "pinned": models.Memory.PINNED,
}


def vector_params(dimension: int, tuning: Tuning) -> models.VectorParams:
    """Size, distance and storage of the original vectors."""
    return models.VectorParams(
        size=dimension,
        distance=models.Distance.COSINE,
        datatype=models.Datatype.FLOAT16 if tuning.half_originals else models.Datatype.FLOAT32,
        memory=_MEMORY[tuning.originals],
    )


def graph_config(tuning: Tuning) -> models.HnswConfigDiff:
    """The graph."""
    return models.HnswConfigDiff(
        m=tuning.graph_links, ef_construct=tuning.build_candidates, memory=_MEMORY[tuning.graph]
    )


def quantization_config(tuning: Tuning) -> models.ScalarQuantization | models.TurboQuantization | None:
    """The copy in memory that is searched first."""
    if tuning.quantization == "none":
        return None
    if tuning.quantization == "int8":
        scalar = models.ScalarQuantizationConfig(
            type=models.ScalarType.INT8, quantile=0.99, memory=models.Memory.PINNED
        )
        return models.ScalarQuantization(scalar=scalar)
    bits = {
        "turbo4": models.TurboQuantBitSize.BITS4,
        "turbo2": models.TurboQuantBitSize.BITS2,
        "turbo1": models.TurboQuantBitSize.BITS1,
    }
    turbo = models.TurboQuantQuantizationConfig(bits=bits[tuning.quantization], memory=models.Memory.PINNED)
    return models.TurboQuantization(turbo=turbo)


def search_params(
    tuning: Tuning, exact: bool, *, quantized: bool = True, filtered: bool = False
) -> models.SearchParams:
    """How a search trades time for exactness: by the graph or all vectors, by their quantized copies first or not."""
    copies = models.QuantizationSearchParams(rescore=True, oversampling=tuning.oversampling)
    if not quantized or tuning.quantization == "none":
        copies = models.QuantizationSearchParams(ignore=True)
    return models.SearchParams(
        hnsw_ef=tuning.candidates(filtered),
        exact=exact,
        quantization=copies,
        acorn=models.AcornSearchParams(enable=True, max_selectivity=FALLS_APART) if filtered else None,
    )


def field_indexes() -> dict[str, Schema]:
    """Payload key -> its index. Only the collection takes part in the graph: filters on it are the common ones."""
    keyword, integer = models.KeywordIndexType.KEYWORD, models.IntegerIndexType.INTEGER
    schemas: dict[str, Schema] = {
        key: models.KeywordIndexParams(type=keyword, is_tenant=True)
        if key == "collection"
        else models.KeywordIndexParams(type=keyword, enable_hnsw=False)
        for key in KEYWORDS
    }
    for key in INTEGERS:
        schemas[key] = models.IntegerIndexParams(type=integer, lookup=False, range=True, enable_hnsw=False)
    return schemas


def metadata_indexes(key: str) -> dict[str, Schema]:
    """Indexes of one escaped metadata key."""
    return {
        f"m.{key}": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, enable_hnsw=False),
        f"n.{key}": models.FloatIndexParams(type=models.FloatIndexType.FLOAT, enable_hnsw=False),
    }


def server_filter(where: IndexFilter) -> models.Filter | None:
    """None where there is no condition."""
    must, must_not = conditions(where)
    if not must and not must_not:
        return None
    return models.Filter(must=[_condition(c) for c in must], must_not=[_condition(c) for c in must_not])


def _condition(condition: Condition) -> models.FieldCondition:
    if isinstance(condition, AnyOf):
        return models.FieldCondition(key=condition.key, match=models.MatchAny(any=list(condition.values)))
    bounds = models.Range(gte=condition.low, lte=condition.high, lt=condition.below)
    return models.FieldCondition(key=condition.key, range=bounds)
