"""Work beside the pages: one at a time here, several where it is handed on, and an error ends only its own job."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.errors import StorageError
from infra.settings import Settings, load_settings
from ui.portal.background import BackgroundImporter
from workers.context import Context
from workers.pipeline import IngestRequest


class Jobs:
    """Each call waits until it is let go."""

    def __init__(self) -> None:
        self.wait: bool | None = None
        self.requests: list[IngestRequest] = []
        self.removed: list[str | None] = []
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()

    def ingest(self, request: IngestRequest) -> None:
        self.requests.append(request)
        self.begun.release()
        assert self.go.wait(60)
        if request.collection == "Torn":
            raise StorageError("The disk is full.")

    def remove(self, documents: list[str], collection: str | None = None) -> None:
        self.removed.append(collection)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    made = Jobs()

    def open_jobs(_: Context, *, wait: bool) -> Jobs:
        made.wait = wait
        return made

    monkeypatch.setattr("ui.portal.background.open_jobs", open_jobs)
    return made


@pytest.fixture
def importer(jobs: Jobs, tmp_path: Path) -> Iterator[Callable[..., BackgroundImporter]]:
    contexts: list[Context] = []

    def make(**settings: Any) -> BackgroundImporter:
        contexts.append(Context(load_settings(home=tmp_path, **settings)))
        return BackgroundImporter(contexts[-1])

    yield make
    jobs.go.set()
    for context in contexts:
        context.close()


def until(true: Callable[[], bool]) -> None:
    for _ in range(6000):
        if true():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came true")


def test_without_a_broker_one_job_runs_and_the_others_wait(jobs: Jobs, importer: Any) -> None:
    here = importer()
    here.add("Torn", ["a.pdf", "b.pdf"], (("year", 1793),))
    here.add("Whole", ["c.pdf"])
    assert jobs.begun.acquire(timeout=60)
    assert [activity.running for activity in here.activities()] == [True, True]
    assert jobs.requests == [IngestRequest(("a.pdf", "b.pdf"), "Torn", (("year", 1793),))]
    jobs.go.set()
    until(lambda: not any(activity.running for activity in here.activities()))
    assert [request.collection for request in jobs.requests] == ["Torn", "Whole"]


def test_an_error_is_told_and_the_next_job_goes_on(jobs: Jobs, importer: Any) -> None:
    here = importer()
    jobs.go.set()
    here.add("Torn", ["a.pdf"])
    until(lambda: any("disk is full" in (activity.error or "") for activity in here.activities()))
    here.resume("Whole")
    until(lambda: jobs.requests[-1] == IngestRequest((), "Whole") and not here.activities()[-1].running)


def test_with_a_broker_work_is_handed_on_and_a_long_wait_holds_up_nothing(jobs: Jobs, importer: Any) -> None:
    here = importer(broker_url="redis://localhost:1/0")
    assert jobs.wait is False
    here.add("Whole", ["a.pdf"])
    assert jobs.begun.acquire(timeout=60)
    here.add("Other", ["b.pdf"])
    assert jobs.begun.acquire(timeout=60)
    here.remove("Other")
    until(lambda: len(jobs.removed) == 1)


def test_a_new_collection_shows_at_once(jobs: Jobs, importer: Any, tmp_path: Path) -> None:
    importer().add("Whole", ["a.pdf"])
    with Context(Settings(home=tmp_path)) as context:
        assert [collection.name for collection in context.catalogue.collections()] == ["Whole"]
