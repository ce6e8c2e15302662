"""The life of documents and pages, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.errors import CatalogueError, ModelError
from ingest.catalogue import Catalogue, PageState, ids
from ingest.catalogue.labels import Labels
from ingest.catalogue.records import ClaimedPage, Draft, DraftWord, Failure
from ingest.geometry import Region
from ingest.sources.source import PageRef, SourceInfo

BASE = "http://example.org"
INFO = SourceInfo("/scans/a.pdf", "pdf", "a.pdf", "d1", metadata={"year": 1790})


def refs(*digests: str | None) -> list[PageRef]:
    return [PageRef(number, str(number), digest=digest) for number, digest in enumerate(digests, 1)]


def listed(catalogue: Catalogue, pages: int = 2) -> tuple[str, str]:
    """A collection with one document; ids of both."""
    collection = catalogue.add_collection("notes").id
    catalogue.use_space("space-1", "m", "d", 4)
    result = catalogue.list_document(collection, INFO, refs(*[None] * pages), base_url=BASE)
    return collection, result.document_id


def draft(*boxes: str, image: str = "k.tif") -> Draft:
    words = tuple(DraftWord(Region.parse(box), 0, place) for place, box in enumerate(boxes))
    return Draft(image, (100, 200), (100, 200), "seg-1", words)


def take(catalogue: Catalogue, document: str) -> ClaimedPage:
    [page] = catalogue.claim_pages("w", 1, [document])
    return page


def finish(catalogue: Catalogue, page: ClaimedPage, found: Draft) -> bool:
    return catalogue.finish_page(page.page_id, page.claim, found, "space-1")


def test_listing_the_same_again_changes_nothing(catalogue: Catalogue) -> None:
    collection, document = listed(catalogue)
    again = catalogue.list_document(collection, INFO, refs(None, None), base_url=BASE)
    assert (again.document_id, again.created, again.unchanged, again.new) == (document, False, 2, 0)
    assert catalogue.document(document).details == {"year": 1790}  # type: ignore[union-attr]


def test_local_pages_get_canvas_ids_and_are_found_by_them(catalogue: Catalogue) -> None:
    _, document = listed(catalogue)
    canvas = f"{BASE}/iiif/presentation/{document}/canvas/2"
    assert [page.number for page in catalogue.pages_by_canvas(canvas)] == [2]


def test_a_new_base_url_renames_canvases_without_new_work(catalogue: Catalogue) -> None:
    collection, document = listed(catalogue, 1)
    finish(catalogue, take(catalogue, document), draft("0,0,5,5"))
    result = catalogue.list_document(collection, INFO, refs(None), base_url="https://new.org")
    assert result.changed == 0
    [page] = catalogue.pages(document)
    assert page.canvas.startswith("https://new.org/") and page.state == PageState.INDEXED


def test_a_finished_page_shows_its_words(catalogue: Catalogue) -> None:
    collection, document = listed(catalogue)
    page = take(catalogue, document)
    assert (page.claim, page.attempts, page.number, page.stale) == (1, 1, 1, False)
    assert finish(catalogue, page, draft("1,2,3,4", "10,2,3,4"))
    words = catalogue.line_words(page.page_id, 0)
    assert [word.region.xywh for word in words] == ["1,2,3,4", "10,2,3,4"]
    live = catalogue.live_words([words[1].id, "no-such-word"])
    assert list(live) == [words[1].id]
    found = live[words[1].id]
    assert (found.word, found.page_number, found.document_id, found.collection_id) == (
        words[1],
        1,
        document,
        collection,
    )
    context = catalogue.page_contexts([page.page_id, "no-such-page"])[page.page_id]
    assert context.page == catalogue.page(page.page_id) and context.document == catalogue.document(document)
    assert (context.document.uri, context.collection.name) == (INFO.uri, "notes")
    assert (context.page.width, context.page.height, context.page.image) == (100, 200, "k.tif")
    assert catalogue.document_contexts([document])[document] == (context.document, context.collection)
    assert sorted(w.id for w in catalogue.words_on_lines([(page.page_id, 0)])) == sorted(w.id for w in words)
    assert catalogue.words_on_lines([(page.page_id, 7), ("no-such-page", 0)]) == []
    [status] = catalogue.status()
    assert (status.documents, status.pages, status.words) == (1, 2, 2)
    assert status.by_state[PageState.INDEXED] == 1 and status.by_state[PageState.WAITING] == 1
    assert catalogue.documents_with_work(collection) == [document]


def test_two_words_in_one_place_are_one(catalogue: Catalogue) -> None:
    _, document = listed(catalogue)
    page = take(catalogue, document)
    assert finish(catalogue, page, draft("1,2,3,4", "1,2,3,4"))
    assert catalogue.page(page.page_id).words == 1  # type: ignore[union-attr]


def test_a_page_without_words_is_empty(catalogue: Catalogue) -> None:
    _, document = listed(catalogue)
    page = take(catalogue, document)
    assert finish(catalogue, page, draft())
    assert catalogue.page(page.page_id).state == PageState.EMPTY  # type: ignore[union-attr]


def test_only_changed_pages_wait_again_and_their_words_stay_until_replaced(catalogue: Catalogue) -> None:
    collection = catalogue.add_collection("notes").id
    catalogue.use_space("space-1", "m", "d", 4)
    document = catalogue.list_document(collection, INFO, refs("p1", "p2"), base_url=BASE).document_id
    for _ in range(2):
        finish(catalogue, take(catalogue, document), draft("1,2,3,4", image="old.tif"))
    changed = catalogue.list_document(collection, replace(INFO, digest="d2"), refs("p1", "p2b"), base_url=BASE)
    assert (changed.changed, changed.unchanged) == (1, 1)
    second = ids.page_id(document, 2)
    before = catalogue.page_words(second)
    assert len(before) == 1
    page = take(catalogue, document)
    assert (page.page_id, page.stale) == (second, True)
    finish(catalogue, page, draft("1,2,3,4", image="new.tif"))
    after = catalogue.page_words(second)
    assert len(after) == 1 and after[0].id != before[0].id
    assert catalogue.live_words([before[0].id]) == {}
    assert catalogue.stale_pages() == [second]
    assert catalogue.clear_stale(second, page.claim)
    assert catalogue.stale_pages() == []


def test_pages_that_left_a_document_are_hidden_at_once_and_forgotten_later(catalogue: Catalogue) -> None:
    collection, document = listed(catalogue)
    for _ in range(2):
        finish(catalogue, take(catalogue, document), draft("1,2,3,4"))
    gone = catalogue.page_words(ids.page_id(document, 2))[0].id
    result = catalogue.list_document(collection, replace(INFO, digest="d2"), refs(None), base_url=BASE)
    assert (result.changed, result.removed) == (1, 1)
    assert catalogue.live_words([gone]) == {}
    assert len(catalogue.pages(document)) == 1
    [(page, _, number)] = catalogue.pages_being_removed()
    assert number == 2
    catalogue.forget_page(page)
    assert catalogue.pages_being_removed() == [] and catalogue.page(page) is None


def test_a_page_that_comes_back_before_it_is_forgotten_stays(catalogue: Catalogue) -> None:
    collection, document = listed(catalogue)
    catalogue.list_document(collection, replace(INFO, digest="d2"), refs(None), base_url=BASE)
    catalogue.list_document(collection, replace(INFO, digest="d3"), refs(None, None), base_url=BASE)
    catalogue.forget_page(ids.page_id(document, 2))
    assert [page.state for page in catalogue.pages(document)] == [PageState.WAITING] * 2


def test_the_third_failure_is_final_until_retry(catalogue: Catalogue) -> None:
    collection, document = listed(catalogue, 1)
    states = []
    for _ in range(3):
        page = take(catalogue, document)
        states.append(catalogue.fail_page(page.page_id, page.claim, "FetchError", "The server is away.", final=False))
    assert states == [PageState.WAITING, PageState.WAITING, PageState.FAILED]
    assert catalogue.claim_pages("w", 1, [document]) == []
    [failure] = catalogue.failures(documents=[document])
    assert failure == Failure(INFO.uri, 1, "FetchError", "The server is away.", "notes", 3, "w")
    assert catalogue.status(collection)[0].failures == (failure,)
    assert catalogue.retry_failed(collection) == 1
    assert take(catalogue, document).attempts == 1


def test_a_hopeless_page_fails_at_once(catalogue: Catalogue) -> None:
    _, document = listed(catalogue, 1)
    page = take(catalogue, document)
    assert catalogue.fail_page(page.page_id, page.claim, "CorruptError", "Torn.", final=True) == PageState.FAILED


def test_a_page_whose_worker_dies_three_times_is_set_aside(catalogue: Catalogue) -> None:
    _, document = listed(catalogue, 1)
    page_id = ids.page_id(document, 1)
    for attempt in (1, 2, 3):
        page = catalogue.claim_page(page_id, "w", takeover=True)
        assert page is not None and page.attempts == attempt
    assert catalogue.claim_page(page_id, "w", takeover=True) is None
    [failure] = catalogue.failures()
    assert failure.error == "WorkerLostError" and "died 3 times" in failure.reason


def test_only_the_latest_claim_may_write(catalogue: Catalogue) -> None:
    _, document = listed(catalogue, 1)
    first = take(catalogue, document)
    assert catalogue.claim_page(first.page_id, "other") is None
    second = catalogue.claim_page(first.page_id, "other", takeover=True)
    assert second is not None and second.claim == 2
    assert not catalogue.holds_claim(first.page_id, first.claim)
    assert not catalogue.save_draft(first.page_id, first.claim, draft("1,1,1,1"))
    assert not finish(catalogue, first, draft("1,1,1,1"))
    assert catalogue.fail_page(first.page_id, first.claim, "E", "r", final=True) is None
    catalogue.release_pages([(first.page_id, first.claim)])
    assert catalogue.holds_claim(second.page_id, second.claim)
    assert finish(catalogue, second, draft("2,2,2,2"))
    assert not finish(catalogue, second, draft("3,3,3,3"))
    assert [word.region.xywh for word in catalogue.page_words(first.page_id)] == ["2,2,2,2"]


def test_a_changed_document_voids_work_on_its_old_content(catalogue: Catalogue) -> None:
    collection, document = listed(catalogue, 1)
    page = take(catalogue, document)
    catalogue.list_document(collection, replace(INFO, digest="d2"), refs(None), base_url=BASE)
    assert not finish(catalogue, page, draft("1,1,1,1"))


def test_drafts_come_back_as_they_were(catalogue: Catalogue) -> None:
    _, document = listed(catalogue, 1)
    page = take(catalogue, document)
    saved = replace(draft("1,2,3,4", "5,6,7,8"), painting={"rotation": 0})
    assert catalogue.save_draft(page.page_id, page.claim, saved)
    assert catalogue.save_draft(page.page_id, page.claim, saved)
    assert catalogue.load_draft(page.page_id, page.claim) == saved
    finish(catalogue, page, saved)
    assert catalogue.load_draft(page.page_id, page.claim) is None


def test_pages_of_a_dead_run_wait_again_without_a_lost_attempt(catalogue: Catalogue) -> None:
    _, document = listed(catalogue)
    for _ in range(5):
        taken = catalogue.claim_pages("me", 2, [document])
        assert [page.attempts for page in taken] == [1, 1]
        assert catalogue.recover("somebody else") == 0
        assert catalogue.recover("me") == 2


def test_a_paused_collection_gives_no_work(catalogue: Catalogue) -> None:
    collection, document = listed(catalogue)
    catalogue.set_paused(collection, True)
    assert catalogue.claim_pages("w", 1, [document]) == [] and catalogue.documents_with_work() == []
    catalogue.set_paused(collection, False)
    assert take(catalogue, document)


def test_a_document_that_cannot_be_opened_is_a_failure_until_it_can(catalogue: Catalogue) -> None:
    collection = catalogue.add_collection("notes").id
    key = catalogue.fail_document(collection, INFO.uri, "CorruptError", "Zero bytes.")
    assert catalogue.failures() == [Failure(INFO.uri, None, "CorruptError", "Zero bytes.", "notes")]
    result = catalogue.list_document(collection, INFO, refs(None), base_url=BASE)
    assert result.document_id == key and result.new == 1
    assert catalogue.failures() == []


def test_removal_hides_first_and_leaves_nothing(catalogue: Catalogue) -> None:
    collection, document = listed(catalogue)
    page = take(catalogue, document)
    finish(catalogue, page, draft("1,2,3,4"))
    word = catalogue.page_words(page.page_id)[0].id
    running = take(catalogue, document)
    catalogue.begin_removal(document)
    catalogue.begin_removal(document)
    assert catalogue.live_words([word]) == {} and catalogue.documents() == []
    assert not finish(catalogue, running, draft("1,1,1,1"))
    assert catalogue.documents_being_removed() == [document]
    with pytest.raises(CatalogueError, match="being removed"):
        catalogue.list_document(collection, INFO, refs(None), base_url=BASE)
    assert not catalogue.forget_collection(collection)
    catalogue.forget_document(document)
    assert catalogue.document(document) is None and catalogue.page(page.page_id) is None
    assert catalogue.forget_collection(collection) and catalogue.collections() == []


def test_new_metadata_asks_for_a_refresh_only_where_words_are(catalogue: Catalogue) -> None:
    collection, document = listed(catalogue, 1)
    catalogue.list_document(collection, INFO, refs(None), base_url=BASE, metadata={"box": "12"})
    assert catalogue.documents_to_refresh() == []
    finish(catalogue, take(catalogue, document), draft("1,2,3,4"))
    catalogue.list_document(collection, INFO, refs(None), base_url=BASE, metadata={"box": "13"})
    assert catalogue.documents_to_refresh() == [document]
    catalogue.clear_refresh(document, {"year": 1790, "box": "12"})
    assert catalogue.documents_to_refresh() == [document]
    catalogue.clear_refresh(document, {"year": 1790, "box": "13"})
    assert catalogue.documents_to_refresh() == []


def test_a_claim_during_deletion_of_the_old_is_redone(catalogue: Catalogue) -> None:
    _, document = listed(catalogue, 1)
    page = take(catalogue, document)
    finish(catalogue, page, draft("1,2,3,4"))
    assert catalogue.requeue_other_segmenter("seg-2") == 1
    assert catalogue.page_words(page.page_id), "the old generation serves on"
    second = take(catalogue, document)
    assert not catalogue.clear_stale(page.page_id, page.claim)
    assert not finish(catalogue, second, draft("9,9,9,9"))
    assert take(catalogue, document).stale


def test_another_model_is_refused_until_its_space_is_built_and_switched(catalogue: Catalogue) -> None:
    _, document = listed(catalogue, 1)
    page = take(catalogue, document)
    finish(catalogue, page, draft("1,2,3,4"))
    with pytest.raises(ModelError, match="reindex"):
        catalogue.use_space("space-2", "m2", "d", 4)
    assert catalogue.begin_building("space-2", "m2", "d", 4)
    assert not catalogue.switch_space("space-2")
    assert catalogue.pages_to_build("space-2") == [page.page_id]
    assert not catalogue.mark_built(page.page_id, page.claim + 1, "space-2")
    assert catalogue.mark_built(page.page_id, page.claim, "space-2")
    assert catalogue.count_to_build("space-2") == 0 and catalogue.switch_space("space-2")
    assert catalogue.live_space().key == "space-2"  # type: ignore[union-attr]
    catalogue.use_space("space-2", "m2", "d", 4)
    catalogue.forget_space("space-1")
    assert [space.key for space in catalogue.all_spaces()] == ["space-2"]


def test_vectors_of_the_old_model_cannot_finish_after_the_switch(catalogue: Catalogue) -> None:
    _, document = listed(catalogue, 1)
    page = take(catalogue, document)
    catalogue.begin_building("space-2", "m2", "d", 4)
    assert catalogue.switch_space("space-2")
    assert not finish(catalogue, page, draft("1,2,3,4"))
    assert catalogue.page(page.page_id).state == PageState.WAITING  # type: ignore[union-attr]


def test_hostile_text_is_stored_readably(catalogue: Catalogue) -> None:
    collection = catalogue.add_collection("notes").id
    info = replace(INFO, uri="/scans/\udcff.pdf", label="a\x00b", metadata={"k\x00": "v\x00"})
    document = catalogue.list_document(collection, info, refs(None), base_url=BASE).document_id
    record = catalogue.document(document)
    assert record is not None
    assert (record.uri, record.label, record.details) == ("/scans/\\udcff.pdf", "ab", {"k": "v"})
    catalogue.fail_document(collection, "bad\x00", "E", "\udc80")
    assert catalogue.failures()[0].reason == "\\udc80"


def test_labels_are_kept_until_their_page_goes(catalogue: Catalogue) -> None:
    collection, document = listed(catalogue)
    page = take(catalogue, document)
    labels = Labels(catalogue)
    labels.say(page.page_id, "w1", "maison", right=True)
    labels.say(page.page_id, "w1", "raison", right=False)
    labels.say(page.page_id, "w1", "maison", right=False)
    labels.say("nowhere", "w2", "maison", right=True)
    assert [(one.word, one.text, one.right) for one in labels.of(collection)] == [
        ("w1", "raison", False),
        ("w1", "maison", False),
    ]
    assert (labels.counts(), labels.of("another")) == ({collection: 1}, [])
    labels.unsay("w1", "raison")
    labels.unsay("w1", "never said")
    assert [one.text for one in labels.of(collection)] == ["maison"]
    catalogue.begin_removal(document)
    catalogue.forget_document(document)
    assert labels.of(collection) == []
