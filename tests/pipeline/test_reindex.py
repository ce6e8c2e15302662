"""A new model beside the old one, lost vectors, and a new segmenter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import TinyEmbedder, state_of

from infra.settings import Settings
from search.index.open_index import aliased_space
from workers.context import Context
from workers.pipeline import IngestRequest, ingest
from workers.reindex import reindex

Scans = Callable[..., list[Path]]

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


def test_lost_vectors_are_made_again(settings: Settings, words: int) -> None:
    before = state_of(settings)
    with Context(settings, TinyEmbedder()) as context:
        index = context.live_index()
        index.delete_ids(sorted(index.ids())[:2])
        assert reindex(context).embedded >= 1
    assert state_of(settings) == before


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
