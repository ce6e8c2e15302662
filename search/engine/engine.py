"""What answering needs, opened once and shared by all queries."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from threading import BoundedSemaphore

import numpy as np
from numpy.typing import NDArray

from infra.errors import ModelError
from ingest.catalogue.catalogue import Catalogue
from ingest.geometry import Region
from search.embedding.embedder import Crop, Embedder, Reader, Vectors
from search.engine.background import Backgrounds
from search.engine.confidence import ConfidenceModel, load_confidence
from search.index.vector_index import VectorIndex

Vector = NDArray[np.float32]
Spellings = tuple[str, ...]
"""The forms of one word; at least one."""
ReadRegion = Callable[[str, Region], Crop]
"""Page id and region in canvas pixels -> its pixels."""
_KEPT_TEXTS = 4_096


class Engine:
    """Model, index, catalogue and calibration that belong together. Threads may share it.

    Raises ModelError where model and index are of different spaces.
    """

    def __init__(
        self,
        embedder: Embedder,
        index: VectorIndex,
        catalogue: Catalogue,
        *,
        confidence: ConfidenceModel | None = None,
        read_region: ReadRegion | None = None,
        base_url: str | None = None,
        pictures: bool = False,
        versions: Callable[[], Mapping[str, Engine]] | None = None,
    ) -> None:
        """`read_region` lets a region that is no word serve as an example; `pictures`: a query is one description.

        `versions`: collection id -> the engine of a model of its own, asked at every query; it may raise ModelError.
        """
        if embedder.space.key != index.space.key:
            raise ModelError(
                f"the collections are indexed with {index.space.key}, the model is {embedder.space.key}; "
                "set MANUSPECT_MODEL back or run manuspect reindex"
            )
        self.embedder = embedder
        self.index = index
        self.catalogue = catalogue
        self.confidence = confidence or load_confidence(embedder.space.digest)
        self.backgrounds = Backgrounds(index)
        self.read_region = read_region
        self.base_url = base_url
        self.pictures = pictures
        self.reads = isinstance(embedder, Reader) and not pictures
        self.versions = versions or dict
        self.turns = BoundedSemaphore(os.cpu_count() or 1)
        self._texts: dict[Spellings, Vector] = {}

    def text_vectors(self, words: Sequence[Spellings]) -> list[Vector]:
        """One unit vector for each word, the mean of those of its spellings. Words seen lately are kept."""
        known = {word: self._texts[word] for word in words if word in self._texts}
        new = [word for word in dict.fromkeys(words) if word not in known]
        if new:
            rows = self.embedder.embed_texts([spelling for word in new for spelling in word])
            ends = np.cumsum([len(word) for word in new])[:-1]
            known |= {word: _mean(some) for word, some in zip(new, np.split(rows, ends), strict=True)}
            if len(self._texts) > _KEPT_TEXTS:
                self._texts = {}
            self._texts.update(known)
        return [known[word] for word in words]


def _mean(rows: Vectors) -> Vector:
    mean = rows.mean(axis=0)
    unit: Vector = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
    return unit
