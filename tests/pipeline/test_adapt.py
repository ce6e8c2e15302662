"""An adapted model beside the shared one: its index, searches over both, new pages, refusal, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import torch
from tiny import TinyEmbedder

from infra.errors import IndexBusyError, ModelError
from infra.settings import Settings
from ingest.catalogue.adaptations import Adaptations
from ingest.catalogue.labels import Labels
from ingest.catalogue.states import AdaptationState
from search.adaptation.known import Known
from search.adaptation.outcome import Adaptation
from search.adaptation.proxy import Verdict
from search.adaptation.told import Told
from search.adaptation.transcribed import ToldLine
from search.embedding import load_embedder
from search.embedding.embedder import Embedder
from search.engine.find import find
from search.engine.overlap import without_overlaps
from search.engine.query import Query, Where, WordExample
from ui.asking import open_engine
from workers import adapt as adapting
from workers.adapt import adapt_collection, adapt_due, back
from workers.adapt_options import AdaptOptions
from workers.adapted_index import collection_inks
from workers.context import Context
from workers.pipeline import IngestRequest, ingest
from workers.reindex import reindex
from workers.remove import remove
from workers.said import Said

Scans = Callable[..., list[Path]]
pytestmark = pytest.mark.usefixtures("same_process")
VERDICT = Verdict(True, "better", 50, (0.5, 0.7), (0.5, 0.6), (0.4, 0.5))
CHANGED = Adaptation({}, "better", "fr", 900, 5000, 2, 9.0, VERDICT)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder(Settings(precision="fp32", device="cpu"))


@pytest.fixture
def context(settings: Settings, scans: Scans, embedder: Embedder) -> Iterator[Context]:
    """Two collections with the same words."""
    with Context(settings, embedder) as context:
        for name in ("letters", "wills"):
            files = scans("alpha beta/gamma", "beta", folder=name)
            ingest(context, IngestRequest(tuple(map(str, files)), name))
        yield context


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learning is a shift of the vectors, found at once, another each time."""
    seeds = count()

    def learn(model, inks, *_, **__):  # type: ignore[no-untyped-def]
        assert len(inks) > 0
        name, noise = "visual.trunk.pool.out.bias", torch.Generator().manual_seed(next(seeds))
        changed = model.state_dict()[name] + 0.05 * torch.randn(256, generator=noise)
        return replace(CHANGED, delta={name: changed.half()})

    monkeypatch.setattr(adapting, "adapt", learn)


def id_of(context: Context, name: str) -> str:
    found = context.catalogue.collection(name)
    assert found is not None
    return found.id


def hits(context: Context, text: str, *collections: str) -> list[tuple[str, float]]:
    where = Where(collections=tuple(id_of(context, name) for name in collections))
    found = find(open_engine(context), Query(text, where=where, limit=50)).hits
    return [(hit.collection.name, hit.confidence) for hit in found]


@pytest.mark.usefixtures("learned")
def test_the_adapted_model_answers_for_its_collection_alone(context: Context) -> None:
    before, wills = hits(context, "beta"), hits(context, "beta", "wills")
    record = adapt_collection(context, id_of(context, "letters"), AdaptOptions(languages=("fr",)))
    assert (record.state, record.reason, record.report["words"]) == (AdaptationState.LIVE, "better", 900)
    version = context.versions.answering()[id_of(context, "letters")]
    words = {one.name: one.words for one in context.catalogue.status()}
    assert version.index.count() == words["letters"]
    assert context.live_index().count() == sum(words.values())
    after = hits(context, "beta")
    assert len(after) == len(before)
    assert [hit for hit in after if hit[0] == "wills"] == wills, "as if it were searched alone"
    assert [c for n, c in after if n == "letters"] != pytest.approx([c for n, c in before if n == "letters"], rel=1e-3)
    assert [confidence for _, confidence in after] == sorted((c for _, c in after), reverse=True), "by confidence"
    assert {name for name, _ in hits(context, "beta", "letters")} == {"letters"}


def test_what_people_said_of_words_is_learned_from(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks of the portal, labels and a transcribed line, by the places of their words among those learned from."""
    letters, wills = id_of(context, "letters"), id_of(context, "wills")
    page = next(page for page in context.catalogue.live_pages(context.catalogue.documents(letters)[0].id))
    words = context.catalogue.page_words(page)
    apart = without_overlaps(words, lambda word: (page, word.region))
    marked, labelled = apart[0].id, apart[-1].id
    assert marked != labelled
    foreign = find(open_engine(context), Query("beta", where=Where(collections=(wills,)))).hits[0].word
    Labels(context.catalogue).say(page, marked, "alpha", right=True)
    told = (Told(labelled, "beta", False), Told(foreign, "beta", True), Told("gone", "beta", True))
    found: list[tuple[int, Known]] = []

    def learn(model, inks, *_, known, **__):  # type: ignore[no-untyped-def]
        found.append((len(inks), known))
        return replace(CHANGED, delta=None, reason="no better")

    monkeypatch.setattr(adapting, "adapt", learn)
    adapt_collection(context, letters, AdaptOptions(told=told, lines=(ToldLine(marked, ("alpha", "beta")),)))
    [(count, known)] = found
    said = {one.word: (one.text, one.right) for some in known.labels.values() for one in some}
    assert said == {marked: ("alpha", True), labelled: ("beta", False)}
    [(places, texts)] = known.lines
    assert list(texts) == ["alpha", "beta"]
    assert known.places <= set(range(count))
    assert next(place for place, some in known.labels.items() if some[0].word == marked) in places


def test_words_to_learn_from_know_which_of_them_follows(context: Context) -> None:
    inks = collection_inks(context, id_of(context, "letters"), Said({}, (), frozenset()))
    words = list(inks.pixels)
    live = context.catalogue.live_words(words)
    pairs = [
        (live[word].word, live[words[after]].word)
        for word, after in zip(words, inks.following, strict=True)
        if after >= 0
    ]
    assert len(pairs) == len(words) - 2, "all but the last word of each of two pages"
    for word, after in pairs:
        assert word.page_id == after.page_id
        assert (word.line, word.position + word.span) == (after.line, after.position) or word.line + 1 == after.line


@pytest.mark.usefixtures("learned")
def test_a_word_of_one_model_is_an_example_for_the_other(context: Context) -> None:
    adapt_collection(context, id_of(context, "letters"), AdaptOptions())
    engine = open_engine(context)
    for name in ("letters", "wills"):
        query = Query("beta", where=Where(collections=(id_of(context, name),)))
        example = WordExample(find(engine, query).hits[0].word)
        found = find(engine, Query(positive=(example,), limit=4)).hits
        assert {hit.collection.name for hit in found[:4]} == {"letters", "wills"}


@pytest.mark.usefixtures("learned")
def test_new_pages_are_found_by_the_adapted_model_and_removed_ones_are_not(context: Context, scans: Scans) -> None:
    letters = id_of(context, "letters")
    adapt_collection(context, letters, AdaptOptions())
    files = scans("delta omega", folder="more")
    words = ingest(context, IngestRequest((str(files[0]),), "letters")).words
    index = context.versions.answering()[letters].index
    status = {one.name: one.words for one in context.catalogue.status()}
    assert words > 0
    assert index.count() == status["letters"]
    (document,) = context.catalogue.find_documents(str(files[0]))
    remove(context, [document.id])
    assert index.count() == status["letters"] - words
    remove(context, [], letters)
    assert context.versions.answering() == {}


@pytest.mark.usefixtures("learned")
def test_back_is_as_before_and_leaves_no_index(context: Context, settings: Settings) -> None:
    before, letters = hits(context, "beta"), id_of(context, "letters")
    adapt_collection(context, letters, AdaptOptions())
    assert back(context, letters)
    assert not back(context, letters)
    assert hits(context, "beta") == before
    folders = [path.name for path in (settings.home / "index").iterdir() if path.is_dir()]
    assert folders == [context.embedder.space.key]
    assert Adaptations(context.catalogue).latest()[letters].state == AdaptationState.RETIRED


def test_a_collection_too_small_to_learn_from_is_refused_and_nothing_changes(context: Context) -> None:
    before, letters = hits(context, "beta"), id_of(context, "letters")
    record = adapt_collection(context, letters, AdaptOptions(languages=("fr",)))
    assert record.state == AdaptationState.REFUSED
    assert "too few" in (record.reason or "")
    assert context.versions.answering() == {}
    assert hits(context, "beta") == before


@pytest.mark.usefixtures("learned")
def test_what_was_killed_while_its_index_was_filled_is_carried_on(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = id_of(context, "letters")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killing:
        killing.setattr(adapting, "fill", die)
        with pytest.raises(KeyboardInterrupt):
            adapt_collection(context, letters, AdaptOptions())
    assert context.versions.answering() == {}
    monkeypatch.setattr(adapting, "adapt", None)
    adapt_due(context)
    assert context.versions.answering()[letters].index.count() == sum(
        one.words for one in context.catalogue.status(letters)
    )


@pytest.mark.usefixtures("learned")
def test_vectors_lost_from_its_index_are_made_again(context: Context) -> None:
    adapt_collection(context, id_of(context, "letters"), AdaptOptions())
    index = context.versions.answering()[id_of(context, "letters")].index
    before = index.count()
    index.delete_ids(sorted(index.ids())[:2])
    reindex(context)
    assert index.count() == before


@pytest.mark.usefixtures("learned")
def test_it_reads_its_words_itself_and_new_ones_too(context: Context, scans: Scans) -> None:
    letters = id_of(context, "letters")
    adapt_collection(context, letters, AdaptOptions())
    files = scans("delta/epsilon", folder="more")
    ingest(context, IngestRequest(tuple(map(str, files)), "letters"))
    own, shared = context.versions.answering()[letters].index, context.live_index()
    words = list(own.ids())
    assert set(own.readings(words)) == set(words) == set(shared.readings(words))


@pytest.mark.usefixtures("learned")
def test_a_model_that_is_lost_is_given_up(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = id_of(context, "letters")
    monkeypatch.setattr(context.files, "put_bytes", lambda *_: None)
    with pytest.raises(ModelError, match="is lost"):
        adapt_collection(context, letters, AdaptOptions())
    adapt_due(context)
    assert Adaptations(context.catalogue).latest()[letters].state == AdaptationState.FAILED
    assert context.versions.answering() == {}


@pytest.mark.usefixtures("learned")
def test_workers_adapt_to_what_has_grown_and_to_nothing_else(
    context: Context, settings: Settings, embedder: Embedder
) -> None:
    adapt_due(context)
    assert Adaptations(context.catalogue).latest() == {}
    with Context(settings.model_copy(update={"adapt_words": 1}), embedder) as eager:
        for _ in range(3):
            adapt_due(eager)
        states = [record.state for record in Adaptations(eager.catalogue).latest().values()]
        assert states == [AdaptationState.LIVE] * 2


@pytest.mark.usefixtures("learned")
def test_one_at_a_time(context: Context) -> None:
    with adapting._alone(context), pytest.raises(IndexBusyError, match="Another collection"):
        adapt_collection(context, id_of(context, "letters"), AdaptOptions())


def test_other_models_learn_nothing(settings: Settings, scans: Scans) -> None:
    with Context(settings, TinyEmbedder()) as context:
        ingest(context, IngestRequest((str(scans("alpha beta")[0]),), "letters"))
        letters = id_of(context, "letters")
        with pytest.raises(ModelError, match="MANUSPECT_MODEL"):
            adapt_collection(context, letters, AdaptOptions())
        assert Adaptations(context.catalogue).latest()[letters].state == AdaptationState.FAILED
