"""What the pages do with what they are told, without a browser: Streamlit's own test runner over a real catalogue."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from infra.errors import IndexBusyError, UsageError, VectorIndexError
from infra.settings import Settings, load_settings
from ingest.catalogue import Catalogue
from ingest.catalogue.labels import Labels
from ingest.catalogue.schedules import Schedules
from ingest.geometry import Region
from ingest.sources.source import PageRef, SourceInfo
from ui.portal import runtime
from ui.portal.asked import Asked
from ui.portal.finder import Answer, Found, Reach
from ui.portal.importing import Activity
from ui.portal.runtime import Portal, install
from ui.portal.times import ago, interval
from ui.portal.voting import voted
from ui.service.access import Viewer


@pytest.fixture(autouse=True)
def own_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's test runner puts its script in the place of `__main__`, which spawned processes would then import."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@dataclass
class Finder:
    answer: Answer = field(default_factory=lambda: Answer([], 0, True, 0, 1.0))
    error: Exception | None = None
    asked: list[tuple[Asked, tuple[str, ...]]] = field(default_factory=list)

    def find(self, asked: Asked, reach: Reach, crop: bytes | None, *, page: str | None = None) -> Answer:
        self.asked.append((asked, reach.searched))
        if self.error is not None:
            raise self.error
        return self.answer

    def count_by(self, *_: object) -> Mapping[str, Mapping[str, int]]:
        return {}

    def export(self, *_: object) -> bytes:
        return b""


@dataclass
class Importer:
    done: list[tuple[object, ...]] = field(default_factory=list)
    going_on: list[Activity] = field(default_factory=list)

    def add(self, *what: object) -> None:
        self.done.append(("add", *what))

    def retry(self, collection: str) -> None:
        self.done.append(("retry", collection))

    def resume(self, collection: str) -> None:
        self.done.append(("resume", collection))

    def reindex(self, collection: str) -> None:
        self.done.append(("reindex", collection))

    def remove(self, collection: str) -> None:
        self.done.append(("remove", collection))

    def activities(self) -> Sequence[Activity]:
        return self.going_on


@dataclass
class House:
    catalogue: Catalogue
    finder: Finder
    importer: Importer
    collection: str


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Catalogue(Settings(home=tmp_path).catalogue_url) as catalogue:
        record = catalogue.add_collection("Letters")
        info = SourceInfo("/scans/letters.pdf", "pdf", "letters", "digest")
        catalogue.list_document(record.id, info, [PageRef(1, "1"), PageRef(2, "2")], base_url="http://x")
        catalogue.fail_document(record.id, "/scans/torn.pdf", "CorruptError", "It ends too early.")
        made = House(catalogue, Finder(), Importer(), record.id)
        _install(made, load_settings(home=tmp_path))
        yield made
        runtime._portal = None


def _install(house: House, settings: Settings) -> None:
    install(Portal(settings, house.catalogue, house.finder, house.importer, images=None, on_loopback=True))  # type: ignore[arg-type]


def collections() -> AppTest:
    def script() -> None:
        from ui.portal import collections_view

        collections_view.show()

    return AppTest.from_function(script, default_timeout=60).run()


def search(**params: str) -> AppTest:
    def script() -> None:
        from ui.portal import search_view

        search_view.show()

    app = AppTest.from_function(script, default_timeout=60)
    for name, value in params.items():
        app.query_params[name] = value
    return app.run()


def text_of(app: AppTest) -> str:
    assert not app.exception
    shown: list[Any] = [*app.markdown, *app.caption, *app.info, *app.warning, *app.error, *app.subheader, *app.success]
    return "\n".join(str(element.value) for element in shown)


def test_the_address_is_the_question(house: House) -> None:
    app = search(q="harbour", min="40")
    assert app.text_input(key="ask_text").value == "harbour"
    question, where = house.finder.asked[-1]
    assert (question.text, question.least, where) == ("harbour", 40, (house.collection,))
    app.text_input(key="ask_text").input("barley").run()
    assert app.query_params["q"] == "barley" and house.finder.asked[-1][0].text == "barley"
    assert "No place is at least 40 % sure" in text_of(app)
    app.button(key="show_nearest").click().run()
    assert house.finder.asked[-1][0].least == 0


def test_another_word_leaves_the_examples_of_the_last_behind(house: House) -> None:
    app = search(q="harbour", right="w", min="40")
    assert "Refined by 1 hit marked right." in text_of(app)
    app.text_input(key="ask_text").input("barley").run()
    assert house.finder.asked[-1][0] == Asked(text="barley", least=40)


def test_one_question_asks_the_engine_once(house: House) -> None:
    app = search()
    assert house.finder.asked == []
    app.text_input(key="ask_text").input("harbour").run()
    assert len(house.finder.asked) == 1


@pytest.mark.parametrize(("total", "exact", "says"), [(1, True, "1 place on 1 page"), (9, False, "More than 9 places")])
def test_totals_say_how_true_they_are(house: House, total: int, exact: bool, says: str) -> None:
    hit = Found("w", "p", 1, "1", "d", "letters", "Letters", "c", (100, 100), Region(1, 1, 9, 9), 0.9, None)
    house.finder.answer = Answer([hit], total, exact, 1, 1.0)
    shown = text_of(search(q="harbour"))
    assert says in shown and "at least 25 % sure" in shown


@pytest.mark.parametrize(("text", "kept"), [("Maison", "maison"), ("maison OR raison", ""), ("maison~", ""), ('"', "")])
def test_a_mark_on_a_hit_of_one_word_is_kept_as_a_label(house: House, text: str, kept: str) -> None:
    page = house.catalogue.pages(house.catalogue.documents(house.collection)[0].id)[0].id
    labels = Labels(house.catalogue)
    said = lambda: [(one.word, one.text, one.right) for one in labels.of(house.collection)]  # noqa: E731
    question = voted(Asked(text=text), page, "w", 1)
    assert question.vote_of("w") == 1
    assert said() == ([("w", kept, True)] if kept else [])
    question = voted(question, page, "w", -1)
    assert said() == ([("w", kept, False)] if kept else [])
    if kept:
        assert "1 word marked by readers" in text_of(collections())
    voted(question, page, "w", 0)
    assert said() == []


def test_who_manages_nothing_leaves_no_label(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    page = house.catalogue.pages(house.catalogue.documents(house.collection)[0].id)[0].id
    monkeypatch.setattr("ui.portal.reader.page_viewer", lambda _: Viewer(manager=False))
    assert voted(Asked(text="maison"), page, "w", 1).liked == ("w",)
    assert Labels(house.catalogue).of(house.collection) == []


@pytest.mark.parametrize(("error", "says"), [
    (UsageError("A quote is missing."), "could not be understood"),
    (IndexBusyError("Locked."), "try again in a moment"),
    (VectorIndexError("The server cannot be reached."), "cannot be reached"),
])  # fmt: skip
def test_errors_are_told_in_words(house: House, error: Exception, says: str) -> None:
    house.finder.error = error
    app = search(q="x")
    assert says in text_of(app)
    offered = [button for button in app.button if button.label == "Try again"]
    assert bool(offered) != isinstance(error, UsageError)
    for button in offered:
        house.finder.error = None
        assert "Not found" in text_of(button.click().run())


def test_nothing_indexed_is_no_dead_end(house: House) -> None:
    assert "Nothing is indexed yet" in text_of(search())


def test_a_collection_shows_what_is_in_it_and_what_failed(house: House) -> None:
    shown = text_of(collections())
    assert r"2 documents · 2 pages · 0 words" in shown.replace("\\", "")
    assert "torn" in shown and "It ends too early" in shown


def test_work_is_paused_resumed_and_cancelled(house: House) -> None:
    app = collections()
    app.button(key=f"pause_{house.collection}").click().run()
    assert house.catalogue.status()[0].paused and "Paused." in text_of(app)
    app.button(key=f"resume_{house.collection}").click().run()
    assert not house.catalogue.status()[0].paused and house.importer.done == [("resume", "Letters")]
    app.button(key=f"cancel_{house.collection}").click().run()
    assert house.catalogue.status()[0].by_state["failed"] == 2
    app.button(key=f"retry_{house.collection}").click().run()
    assert house.importer.done[-1] == ("retry", "Letters")
    app.button(key=f"reindex_{house.collection}").click().run()
    assert house.importer.done[-1] == ("reindex", "Letters")


def test_an_address_is_added_with_its_data(house: House) -> None:
    app = collections()
    app.text_input(key="add_url").input("https://example.org/manifest.json").run()
    app.button(key="add_address").click().run()
    assert "Choose a collection first" in text_of(app)
    app.selectbox(key="add_collection").select("Letters").run()
    app.text_input(key="add_details").input("year=1840; place=Lyon").run()
    app.button(key="add_address").click().run()
    expected = ("add", "Letters", ["https://example.org/manifest.json"], (("year", 1840), ("place", "Lyon")))
    assert house.importer.done == [expected]


def test_work_in_hand_and_what_stopped_it_are_told(house: House) -> None:
    house.importer.going_on = [
        Activity("Letters", "Reading 3 inputs", running=False, error="The disk is full."),
        Activity("Letters", "Re-indexing", running=True), Activity("Hidden", "Re-indexing", running=True),
    ]  # fmt: skip
    shown = text_of(collections()).replace("\\", "")
    assert "The disk is full." in shown and "You can search meanwhile" in shown and "Hidden" not in shown


@pytest.fixture
def watched(house: House, tmp_path: Path) -> House:
    """With a broker, a schedule that succeeded, one that failed, and a watched place."""
    _install(house, load_settings(home=tmp_path, broker_url="redis://localhost:1/0", watch_minutes=90))
    schedules = Schedules(house.catalogue)
    for name, error in (("clean", None), ("optimize", "The *index* is busy.")):
        schedules.begin(name, 1, "worker", lambda _: False)
        schedules.end(name, 1, "worker", error)
    schedules.watch(house.collection, "/scans/new", {})
    return house


def test_schedules_show_their_last_success(watched: House) -> None:
    app = open_schedules()
    rows = {row["What"]: row for row in app.table[0].value.to_dict("records")}
    assert rows["Clear away what was removed"]["Last success"].endswith("seconds ago")
    assert rows["Optimise the index"]["Now"] == r"failed\: The \*index\* is busy\."
    assert rows["Look at watched places"]["Every"] == "90 minutes"
    assert rows["Look at watched places"]["Last success"] == "never"


def test_a_place_is_watched_no_more(watched: House) -> None:
    app = open_schedules()
    assert "/scans/new" in text_of(app).replace("\\", "")
    [button] = [button for button in app.button if button.label == "Watch no more"]
    button.click().run()
    assert Schedules(watched.catalogue).watches() == []


def open_schedules() -> AppTest:
    def script() -> None:
        import streamlit as st

        from ui.portal.reader import current_reader
        from ui.portal.runtime import portal
        from ui.portal.schedules_section import schedules_section

        st.session_state.setdefault("schedules", True)
        schedules_section(current_reader().collections, portal())

    return AppTest.from_function(script, default_timeout=60).run()


@pytest.mark.parametrize(("seconds", "says"), [
    (20, "20 seconds"), (119, "119 seconds"), (600, "10 minutes"), (86_400, "24 hours"), (10 * 86_400, "10 days"),
])  # fmt: skip
def test_times_are_told_as_people_do(seconds: float, says: str) -> None:
    assert interval(seconds) == says
    assert ago(datetime.now(UTC) - timedelta(seconds=seconds + 0.2)) == f"{says} ago"
