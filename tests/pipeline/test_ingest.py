"""The whole way from files to points, with real sources, segmentation, catalogue and index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bad_files import write_bad_files
from PIL import Image
from tiny import State, TinyEmbedder, TinyReader, state_of, write_page

from infra.errors import ModelError, StorageError
from infra.settings import Settings
from ingest.catalogue import PageState
from ingest.page_images import write_page_image
from search.index.vector_index import IndexFilter
from workers.cleaning import remove_document
from workers.context import Context
from workers.pipeline import IngestRequest, ingest

Scans = Callable[..., list[Path]]

pytestmark = pytest.mark.usefixtures("same_process")


def run(settings: Settings, *inputs: Path, embedder: TinyEmbedder | None = None, **metadata: str):  # type: ignore[no-untyped-def]
    with Context(settings, embedder or TinyEmbedder()) as context:
        request = IngestRequest(tuple(map(str, inputs)), "notes", tuple(metadata.items()))
        return ingest(context, request)


def test_words_are_found_recorded_and_their_vectors_lie_in_the_index(settings: Settings, scans: Scans) -> None:
    files = scans("alpha beta/gamma", "delta")
    embedder = TinyEmbedder()
    report = run(settings, *files, embedder=embedder)
    assert (report.documents, report.new, report.indexed, report.failed) == (2, 2, 2, 0)
    assert report.words == sum(embedder.batches) > 3
    with Context(settings, TinyEmbedder()) as context:
        index = context.live_index()
        assert index.count() == report.words
        [document, other] = context.catalogue.documents()
        [page] = context.catalogue.pages(document.id)
        words = context.catalogue.page_words(page.id)
        assert {word.line for word in words} == {0, 1} and words[0].position == 0
        assert (page.width, page.height, page.state) == (420, 300, PageState.INDEXED)
        assert index.count(IndexFilter(documents=(other.id,))) == report.words - len(words)
        assert len(context.catalogue.live_words([str(key) for key in index.ids()])) == report.words
    assert set(report.stages) >= {"list", "read", "store", "segment", "embed", "upsert", "record"}


def test_the_same_files_again_are_nothing_to_do(settings: Settings, scans: Scans) -> None:
    files = scans("alpha beta", "gamma")
    run(settings, *files)
    before = state_of(settings)
    embedder = TinyEmbedder()
    again = run(settings, files[0].parent, embedder=embedder)
    assert (again.new, again.unchanged, again.indexed) == (0, 2, 0) and embedder.batches == []
    assert state_of(settings) == before


def test_an_added_file_is_all_that_is_worked_on(settings: Settings, scans: Scans) -> None:
    [first] = scans("alpha beta")
    run(settings, first.parent)
    write_page(first.parent / "2.png", "gamma delta")
    embedder = TinyEmbedder()
    report = run(settings, first.parent, embedder=embedder)
    assert (report.new, report.unchanged, report.indexed) == (1, 1, 1)
    assert sum(embedder.batches) == report.words


def test_a_changed_file_replaces_its_words_vectors_and_image(settings: Settings, scans: Scans, tmp_path: Path) -> None:
    files = scans("alpha beta gamma", "delta")
    run(settings, *files)
    old = state_of(settings)
    write_page(files[0], "omega")
    report = run(settings, *files)
    assert (report.new, report.unchanged) == (1, 1)
    new = state_of(settings)
    fresh = Settings(home=tmp_path / "fresh", processes=1)
    run(fresh, *files)
    assert new == state_of(fresh)
    assert len(new.files) == len(old.files) == 2


def test_a_document_that_lost_pages_keeps_nothing_of_them(settings: Settings, tmp_path: Path, scans: Scans) -> None:
    pages = [Image.open(path).convert("L") for path in scans("alpha beta", "gamma")]
    path = tmp_path / "book.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    assert run(settings, path).indexed == 2
    pages[0].save(path)
    report = run(settings, path)
    assert report.removed == 1
    state = state_of(settings)
    assert len(state.words) == len(state.files) == 1
    [words] = state.words.values()
    assert set(state.vectors) == {word[0] for word in words}


def test_a_removed_document_leaves_nothing(settings: Settings, scans: Scans) -> None:
    files = scans("alpha beta", "gamma")
    run(settings, *files)
    with Context(settings, TinyEmbedder()) as context:
        for document in context.catalogue.documents():
            remove_document(context, document.id)
    assert state_of(settings) == State({}, {}, {}, [])


def test_bad_inputs_are_named_and_the_rest_is_indexed(settings: Settings, scans: Scans, tmp_path: Path) -> None:
    [good] = scans("alpha")
    said = write_bad_files(tmp_path / "bad", Image.open(good))
    missing = tmp_path / "missing.pdf"
    report = run(settings, good, tmp_path / "bad", missing)
    failed = {(Path(failure.input).name, failure.page): failure.error for failure in report.failures}
    assert failed == {**said, ("missing.pdf", None): "NotFoundError"}
    assert all(failure.reason.endswith(".") and "\n" not in failure.reason for failure in report.failures)
    words = {(name, page): len(found) for (name, page, state), found in state_of(settings).words.items() if found}
    assert set(words) == {(good.stem, 1), ("odd name", 1), ("book", 1), ("book", 3), ("truncated", 1)}
    assert report.words == sum(words.values())
    again = run(settings, good, tmp_path / "bad")
    assert (again.new, len(again.failures)) == (0, len(said)), "what failed is not tried again unasked"


def test_a_page_without_writing_is_empty_not_failed(settings: Settings, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(238, 248, (300, 420), np.uint8)
    Image.fromarray(noise).save(tmp_path / "blank.png")
    report = run(settings, tmp_path / "blank.png")
    assert (report.empty, report.failed, report.words) == (1, 0, 0)


def test_new_metadata_reaches_the_points_without_the_model(settings: Settings, scans: Scans) -> None:
    files = scans("alpha beta")
    run(settings, *files, embedder=TinyReader(), box="1")
    before, embedder = state_of(settings), TinyReader()
    run(settings, *files, embedder=embedder, box="2")
    assert embedder.batches == [] and before.readings
    assert state_of(settings) == before
    with Context(settings, TinyEmbedder()) as context:
        assert context.live_index().count(IndexFilter(equals={"box": "2"})) > 0
        assert context.live_index().count(IndexFilter(equals={"box": "1"})) == 0


def test_another_model_is_refused(settings: Settings, scans: Scans) -> None:
    files = scans("alpha")
    run(settings, *files)
    [more] = scans("beta", folder="more")
    with pytest.raises(ModelError, match="manuspect reindex"):
        run(settings, more, embedder=TinyEmbedder("other"))
    report = run(settings, more)
    assert report.indexed == 1


def test_one_image_that_cannot_be_stored_fails_alone(
    settings: Settings, scans: Scans, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = scans("alpha", "beta")
    monkeypatch.setattr("workers.page_work.write_page_image", _refuse_after(1))
    report = run(settings, *files)
    assert report.indexed == 1
    [failure] = report.failures
    assert failure.input in map(str, files) and (failure.page, failure.error) == (1, "StorageError")
    assert not [key for key in state_of(settings).files if "probe" in key]


def test_a_full_disk_stops_the_run_and_costs_no_attempt(
    settings: Settings, scans: Scans, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = scans("alpha", "beta")
    with monkeypatch.context() as patch:
        patch.setattr("workers.page_work.write_page_image", _refuse_after(0))
        patch.setattr("infra.files.FileStore.put_bytes", _refuse_after(0))
        for _ in range(4):
            with pytest.raises(StorageError, match="full"):
                run(settings, *files)
    report = run(settings, *files)
    assert (report.indexed, report.failures) == (2, ())


def _refuse_after(count: int) -> Callable[..., None]:
    """Stores the first images, and none after."""
    stored: list[str] = []

    def write(store: object, key: str, image: object = None) -> None:
        if len(stored) >= count and key not in stored:
            raise StorageError("The file store is full.")
        stored.append(key)
        write_page_image(store, key, image)  # type: ignore[arg-type]

    return write
