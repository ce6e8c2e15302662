"""The nearest words read: what the vector found is compared letter by letter with what is asked.

A vector sees a word as a whole and takes one for another of the same shape; the reading head, whose columns lie beside
the vector in the index, sees letters. So the words nearest by vector are ranked anew by both together. A typed word is
one string; an example may say several, each with its weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import numpy as np

from search.engine.background import Background
from search.engine.clock import Clock
from search.engine.confidence import Asked, Kind
from search.engine.engine import Engine
from search.engine.near import Near, Numbers
from search.engine.reach import DEPTHS
from search.engine.sought import Sought
from search.handwriting.posteriors import Strings, fits

READ = DEPTHS[0]
"""Words read, the nearest: all of the first step."""
READS: Mapping[Kind, Kind] = {"text": "read", "image": "image_read"}
"""How a search is judged where the words found are read."""
_WEIGHTS: Mapping[Kind, float] = {"read": 0.05, "image_read": 0.03}
"""Of a log-probability beside a cosine. On words of training collections 0.03 to 0.08 were equally good by spelling,
0.02 to 0.04 by example."""
_LEAST_FIT = -40.0
"""All strings that fit worse fit equally ill."""
_BEHIND = 8.0
"""A cosine less this is below all scores."""
_OPEN = 0.1
"""Confidence of the last word read from which those behind it, which are not read, may come before some that are."""


def read_scores(similarities: Numbers, readings: Sequence[bytes], strings: Strings, kind: Kind) -> Numbers:
    """float64 (n,) cosines, n packed readings, what is asked and how -> what words are ranked by, float64 (n,)."""
    return similarities + _WEIGHTS[kind] * np.maximum(fits(readings, strings), _LEAST_FIT)


def read_among(similarities: Numbers, readings: Sequence[bytes], strings: Strings, kind: Kind) -> Numbers:
    """The same of a whole collection as a search ranks it: only the READ nearest are read, the others come after."""
    if not strings:
        return similarities
    nearest = np.argsort(-similarities, kind="stable")[:READ]
    scores = similarities - _BEHIND
    scores[nearest] = read_scores(similarities[nearest], [readings[place] for place in nearest], strings, kind)
    return scores


def letters(strings: Strings) -> float:
    """How long what is asked is, in the mean."""
    return sum(weight * len(text) for text, weight in strings.items())


def read_nearest(engine: Engine, sought: Sought, found: Near, clock: Clock) -> Near:
    """The same points, ranked by confidence: of the first by vector and reading, of others by vector alone.

    The first are the same however deep one looks, and so is a point's confidence. Where the last of them is unlikely
    by its vector, all others come after; else, with a frequent word, they come among those that do not read like it.
    """
    first = [UUID(point) for point in found.ids[:READ]]
    if not first:
        return found
    with clock.stage("search"):
        readings = engine.index.readings(first)
    read = np.array([at for at, point in enumerate(first) if point in readings], np.int64)
    scores, confidences = found.similarities[: len(first)].copy(), found.confidences.copy()
    scores[read], confidences[read] = _read(
        engine, sought, found.background, scores[read], [readings[first[at]] for at in read]
    )
    best = float(scores[read].max()) if len(read) else None
    return _ranked(replace(found, best_read=best), scores, confidences)


def read_beside(
    engine: Engine, sought: Sought, found: Near, similarities: Mapping[UUID, float], clock: Clock
) -> dict[UUID, float]:
    """Confidences of words that stand beside others, judged as those that `read_nearest` found; what has no reading is
    left out. `similarities`: their cosines."""
    with clock.stage("search"):
        readings = engine.index.readings(list(similarities))
    cosines = np.array([similarities[point] for point in readings])
    _, confidences = _read(engine, sought, found.background, cosines, list(readings.values()), found.best_read)
    return dict(zip(readings, confidences.tolist(), strict=True))


def _read(
    engine: Engine,
    sought: Sought,
    background: Background,
    similarities: Numbers,
    readings: Sequence[bytes],
    best: float | None = None,
) -> tuple[Numbers, Numbers]:
    """What words are ranked by, and their confidences. `best`: the best score of all, unless it is among these."""
    kind = READS[sought.kind]
    scores = read_scores(similarities, readings, sought.strings, kind)
    return scores, engine.confidence.probabilities(scores, Asked(kind, letters(sought.strings), background, best))


def _ranked(found: Near, scores: Numbers, confidences: Numbers) -> Near:
    """By confidence, which falls strictly; `scores`: of the first, the others follow in the order of their vectors."""
    count = len(scores)
    last, least = float(found.confidences[count - 1]), float(confidences[:count].min())
    most = last if last >= _OPEN else min(last, least)
    confidences[count:] = np.minimum.accumulate(np.minimum(confidences[count:], last)) * (most / last)
    within = np.lexsort((-scores, -confidences[:count]))
    order = np.concatenate((within, np.arange(count, len(confidences))))
    order = order[np.argsort(-confidences[order], kind="stable")]
    falling = _strictly(confidences[order])
    edge = 0.0 if found.all_there_are else float(confidences[-1]) if len(confidences) > count else most
    ids = tuple(found.ids[at] for at in order)
    return replace(
        found, ids=ids, similarities=found.similarities[order], orders=falling, confidences=falling, edge=edge
    )


def _strictly(falling: Numbers) -> Numbers:
    """Numbers that never rise, equal ones made to fall by the least there is: they alone say what comes first."""
    places = np.arange(len(falling))
    starts = np.maximum.accumulate(np.where(np.diff(falling, prepend=np.inf) < 0, places, 0))
    return falling * (1.0 - (places - starts) * np.finfo(np.float64).eps)
