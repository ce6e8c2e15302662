"""Small pages and a small embedder, for tests that run the whole pipeline, also in processes of their own."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as connection_wait
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from infra.settings import Settings
from search.embedding.embedder import Crop, EmbeddingSpace, Vectors
from workers.context import Context
from workers.page_process import Answer, Task, answer
from workers.page_work import PageWork
from workers.pipeline import IngestRequest, ingest


class TinyEmbedder:
    """A fixed random projection of the crop, reduced to 8 x 24 grey pixels; texts by a steady hash."""

    def __init__(self, model: str = "tiny", seconds_per_batch: float = 0.0) -> None:
        self.space = EmbeddingSpace(model, hashlib.sha256(model.encode()).hexdigest(), 32)
        seed = int.from_bytes(model.encode()[:4], "big")
        self._projection = np.random.default_rng(seed).standard_normal((8 * 24, 32)).astype(np.float32)
        self._pause = seconds_per_batch
        self.batches: list[int] = []

    def embed_crops(self, crops: Sequence[Crop]) -> Vectors:
        self.batches.append(len(crops))
        time.sleep(self._pause)
        flat = [cv2.resize(crop, (24, 8), interpolation=cv2.INTER_AREA).mean(axis=2).reshape(-1) for crop in crops]
        rows = np.asarray(flat, np.float32).reshape(-1, 192) @ self._projection
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") for text in texts]
        rows = np.stack([np.random.default_rng(seed).standard_normal(32) for seed in seeds])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


class TinyReader(TinyEmbedder):
    """The same model, when it had learned to read: what it reads is a digest of the crop."""

    def embed_and_read(self, crops: Sequence[Crop]) -> tuple[Vectors, list[bytes]]:
        return self.embed_crops(crops), [hashlib.sha256(crop.tobytes()).digest() for crop in crops]


class SamePool:
    """The page pool without processes: each task is done when its answer is asked for."""

    def __init__(self, settings: Settings, size: int) -> None:
        self.size = size
        self._work = PageWork(settings)
        self._tasks: list[Task] = []

    @property
    def free(self) -> int:
        return self.size - len(self._tasks)

    def submit(self, task: Task) -> None:
        self._tasks.append(task)

    def wait(self, timeout: float, also: Sequence[Connection] = ()) -> list[tuple[Task, Answer]]:
        tasks, self._tasks = self._tasks, []
        if not tasks:
            connection_wait(also, timeout)
        return [(task, answer(self._work, task)) for task in tasks]

    def close(self) -> None:
        self._work.close()


def write_page(path: Path, text: str) -> Path:
    """A white page of 420 x 300 pixels with a few lines of large type."""
    image = Image.new("L", (420, 300), 245)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(24)
    for row, line in enumerate(text.split("/")):
        pen.text((20, 20 + 60 * row), line, fill=20, font=font)
    image.save(path)
    return path


@dataclass
class State:
    """All that a home holds."""

    words: dict[tuple[str, int, str], list[tuple[str, str, int, int]]]
    """(document, page number, state) -> (id, xywh, line, position) of each word."""
    vectors: dict[str, np.ndarray]
    readings: dict[str, bytes]
    files: list[str]

    def __eq__(self, other: object) -> bool:
        """The same words and files, and vectors that differ by no more than batches of other sizes make them."""
        assert isinstance(other, State)
        mine, others = (self.words, self.readings, self.files), (other.words, other.readings, other.files)
        same = mine == others and set(self.vectors) == set(other.vectors)
        return same and all(np.allclose(row, other.vectors[key], atol=1e-4) for key, row in self.vectors.items())


def state_of(settings: Settings) -> State:
    """All that a home of the tiny model holds."""
    with Context(settings, TinyEmbedder()) as context:
        words = {}
        for collection in context.catalogue.collections():
            for document in context.catalogue.documents(collection.id):
                for page in context.catalogue.pages(document.id):
                    found = context.catalogue.page_words(page.id)
                    words[document.label, page.number, str(page.state)] = [
                        (word.id, word.region.xywh, word.line, word.position) for word in found
                    ]
        index = context.index(context.embedder.space)
        ids = list(index.ids())
        vectors = {str(key): row for key, row in index.vectors(ids).items()}
        readings = {str(key): reading for key, reading in index.readings(ids).items()}
        return State(words, vectors, readings, sorted(context.files.list()))


def main() -> None:
    """`tiny.py HOME PAUSE INPUT...`: ingest with a pause in every batch, one word a batch."""
    home, pause, *inputs = sys.argv[1:]
    settings = Settings(home=Path(home), processes=1, embed_batch=2, index_lock_timeout=200.0)
    with Context(settings, TinyEmbedder(seconds_per_batch=float(pause))) as context:
        report = ingest(context, IngestRequest(tuple(inputs), "notes"), lambda t: print(t.words, flush=True))
        print("indexed", report.indexed, "failed", report.failed, flush=True)


if __name__ == "__main__":
    main()
