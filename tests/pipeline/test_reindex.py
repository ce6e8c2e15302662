"""A new model beside the old one, lost vectors, and a new segmenter."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from tiny import TinyEmbedder, TinyReader, state_of

from infra.errors import ModelError
from infra.settings import Settings
from ingest.catalogue import ids
from search.embedding.handwriting import HandwritingEmbedder
from search.index.open_index import aliased_space
from ui.portal.asked import Asked
from ui.portal.engine_finder import EngineFinder
from ui.portal.finder import Reach
from workers.context import Context
from workers.pipeline import IngestRequest, ingest
from workers.reindex import reindex

Scans = Callable[..., list[Path]]

SAMPLE = Path(__file__).parents[2] / "samples" / "commonplace" / "page-03.jpg"

pytestmark = pytest.mark.usefixtures("same_process")


@pytest.fixture
def words(settings: Settings, scans: Scans) -> int:
    files = scans("alpha beta", "gamma")
    with Context(settings, TinyEmbedder()) as context:
        return ingest(context, IngestRequest(tuple(map(str, files)), "notes")).words


def test_a_new_model_takes_over_with_all_words_and_leaves_nothing_of_the_old(settings: Settings, words: int) -> None:
    other = TinyEmbedder("other")
    with Context(settings, other) as context:
        report = reindex(context)
        assert (report.switched, report.embedded, report.segmented, report.model) == (True, 2, 0, other.space.key)
        assert context.live_index().count() == words
        assert aliased_space(settings) == other.space.key
        assert [space.key for space in context.catalogue.all_spaces()] == [other.space.key]
    assert sorted(path.name for path in (settings.home / "index").iterdir() if path.is_dir()) == [other.space.key]
    with Context(settings, other) as context:
        again = reindex(context)
        assert (again.switched, again.embedded) == (False, 0)


def test_crops_of_the_stored_images_are_the_crops_of_the_first_time(settings: Settings, words: int) -> None:
    before = state_of(settings)
    for model in ("other", "tiny"):
        with Context(settings, TinyEmbedder(model)) as context:
            reindex(context)
    assert state_of(settings) == before


def test_words_of_a_page_that_lies_on_its_side_are_embedded_upright_again(settings: Settings, tmp_path: Path) -> None:
    turned = tmp_path / "turned.png"
    Image.open(SAMPLE).convert("L").rotate(90, expand=True).save(turned)
    with Context(settings, TinyEmbedder()) as context:
        assert ingest(context, IngestRequest((str(turned),), "notes")).words > 50
    before = state_of(settings)
    for model in ("other", "tiny"):
        with Context(settings, TinyEmbedder(model)) as context:
            reindex(context)
    assert state_of(settings) == before


def test_lost_vectors_are_made_again(settings: Settings, words: int) -> None:
    before = state_of(settings)
    with Context(settings, TinyEmbedder()) as context:
        index = context.live_index()
        index.delete_ids(sorted(index.ids())[:2])
        assert reindex(context).embedded >= 1
    assert state_of(settings) == before


def test_words_indexed_before_there_were_readings_are_read(
    settings: Settings, words: int, scans: Scans, tmp_path: Path
) -> None:
    before = state_of(settings)
    assert len(before.vectors) == words and not before.readings
    with Context(settings, TinyReader()) as context:
        assert reindex(context).embedded == 2
        assert reindex(context).embedded == 0
    read = state_of(settings)
    assert set(read.readings) == set(before.vectors)
    assert replace(read, readings={}) == before
    anew = Settings(home=tmp_path / "anew", processes=1)
    with Context(anew, TinyReader()) as context:
        ingest(context, IngestRequest(tuple(str(file) for file in scans("alpha beta", "gamma")), "notes"))
    assert sorted(state_of(anew).readings.values()) == sorted(read.readings.values()), "as when they are taken in"
    with Context(settings, TinyReader()) as context:
        index = context.live_index()
        lost = sorted(index.ids())[0]
        index.delete_ids([lost])
        assert reindex(context).embedded == 1
    assert state_of(settings) == read


def test_a_new_segmenter_finds_words_anew_beside_the_old(
    settings: Settings, words: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.page_work.SEGMENTER_VERSION", "next")
    monkeypatch.setattr("workers.reindex.SEGMENTER_VERSION", "next")
    with Context(settings, TinyEmbedder()) as context:
        report = reindex(context)
        assert (report.segmented, report.switched) == (2, False)
        assert report.pages is not None and report.pages.indexed == 2
        assert context.live_index().count() == words
    state = state_of(settings)
    assert set(state.vectors) == {word[0] for page in state.words.values() for word in page}


def test_a_page_whose_image_is_lost_is_read_from_its_source(settings: Settings, words: int) -> None:
    other = TinyEmbedder("other")
    with Context(settings, other) as context:
        context.files.delete(next(iter(context.files.list())))
        report = reindex(context)
        assert (report.unreadable, report.embedded) == (1, 1)
        assert context.live_index().count() == words
        assert len(list(context.files.list())) == 2


def test_nothing_indexed_is_nothing_to_do(settings: Settings) -> None:
    embedder = TinyEmbedder()
    with Context(settings, embedder) as context:
        report = reindex(context)
    assert (report.model, report.embedded) == (None, 0)


NOTES = Reach((ids.collection_id("notes"),), (ids.collection_id("notes"),))


def answers(context: Context) -> tuple[tuple[str, float], ...]:
    """What the portal answers."""
    found = EngineFinder(context).find(Asked(text="alpha", least=0), NOTES, None)
    return tuple((hit.word, hit.confidence) for hit in found.hits)


def test_queries_go_on_while_another_model_takes_over(
    settings: Settings, words: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.embedding.load_embedder", lambda chosen: TinyEmbedder(chosen.model))
    with Context(settings, TinyEmbedder()) as old, Context(settings, TinyEmbedder("other")) as new:
        before = answers(old)
        assert len(before) == words and answers(new) == before, "a portal that was started again too early"
        finder, seen, ended = EngineFinder(old), list[tuple[tuple[str, float], ...]](), threading.Event()

        def ask() -> None:
            while not ended.is_set():
                found = finder.find(Asked(text="alpha", least=0), NOTES, None)
                seen.append(tuple((hit.word, hit.confidence) for hit in found.hits))

        with ThreadPoolExecutor(2) as threads:
            running = [threads.submit(ask) for _ in range(2)]
            reindex(new)
            time.sleep(0.3)
            ended.set()
        assert [one.result() for one in running] == [None, None], "none failed"
        after = answers(new)
        assert after != before and {*seen} <= {before, after}, "none saw both"
        assert seen[0] == before and seen[-1] == after and answers(old) == after
        with pytest.raises(ModelError, match="MANUSPECT_MODEL"):
            old.live_index()  # which is what writers ask for


def test_weights_of_the_live_index_outlast_the_version_that_had_them(settings: Settings) -> None:
    with Context(settings) as context:
        context.live_index()
        own = context.embedder.space
    with Context(settings, TinyEmbedder()) as context:
        found = context.answering()
        assert isinstance(found, HandwritingEmbedder) and found.space == own
        assert found.weights.is_relative_to(settings.home)
        reindex(context)
        assert context.answering() is context.embedder
        assert not list((settings.home / "models").iterdir())
    with Context(settings) as context, pytest.raises(ModelError, match="cannot be loaded"):
        context.answering()
