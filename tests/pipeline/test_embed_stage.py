"""Batches across pages, and what happens when the model fails."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from tiny import TinyEmbedder

from infra.errors import ModelError
from ingest.catalogue.records import ClaimedPage, Draft, DraftWord
from ingest.geometry import Region
from workers.embed_stage import Embedded, EmbedStage
from workers.page_work import Crops, Prepared
from workers.report import Tally


def page(number: int) -> ClaimedPage:
    return ClaimedPage(f"p{number}", 1, 1, number, "d", "doc", "d", "/a", "image", "c", {}, False, None, None, None)


def prepared(words: int, seed: int) -> Prepared:
    boxes = tuple(DraftWord(Region(10 * n, 0, 9, 9), 0, n) for n in range(words))
    random = np.random.default_rng(seed)
    crops = [random.integers(0, 255, (9 + n, 12, 3), np.uint8) for n in range(words)]
    return Prepared(Draft("k", (9, 9), (9, 9), "s", boxes), Crops.pack(crops), {})


def test_batches_are_full_and_cross_pages_and_each_page_gets_its_own_rows() -> None:
    loaded, given = threading.Event(), list[Embedded]()
    embedder = TinyEmbedder()

    def load() -> TinyEmbedder:
        loaded.wait(20)
        return embedder

    stage = EmbedStage(load, 8, Tally(), given.append)
    counts = [1, 5, 0, 20, 3, 6]
    pages = [prepared(count, seed) for seed, count in enumerate(counts)]
    for number, content in enumerate(pages):
        stage.put(page(number), content)
    loaded.set()
    stage.finish()
    assert stage.error is None and stage.bytes_waiting == 0
    assert sum(embedder.batches) == sum(counts) and max(embedder.batches) == 8
    assert len(embedder.batches) <= -(-sum(counts) // 8) + 1
    by_page = {embedded.page.number: embedded for embedded in given}
    assert sorted(by_page) == list(range(len(counts)))
    for number, content in enumerate(pages):
        alone = TinyEmbedder().embed_crops(content.crops.unpack()) if counts[number] else np.zeros((0, 32))
        assert np.allclose(np.reshape([word.vector for word in by_page[number].words], (-1, 32)), alone, atol=1e-6)


def test_a_failing_model_is_told_to_the_run() -> None:
    def load() -> TinyEmbedder:
        raise ModelError("no such model")

    stage = EmbedStage(load, 8, Tally(), lambda embedded: pytest.fail("nothing can be embedded"))
    stage.put(page(1), prepared(2, 0))
    stage.finish()
    assert isinstance(stage.error, ModelError)
    stage.stop()


def test_no_words_need_no_model() -> None:
    given: list[Embedded] = []
    stage = EmbedStage(lambda: pytest.fail("not needed"), 8, Tally(), given.append)
    stage.put(page(1), prepared(0, 0))
    stage.finish()
    assert stage.error is None and [embedded.words for embedded in given] == [[]]
