"""Dated leases, watched places, two schedulers, and what the numbers say of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from deployment import Deployment, until
from program import TinyEmbedder
from prometheus_client import CollectorRegistry, generate_latest
from redis import Redis
from scans import write_scans
from servers import RedisServer

from infra.errors import NotFoundError
from infra.settings import Settings
from ingest.catalogue.queued import QueuedWork
from ingest.catalogue.schedules import Schedules
from search.index.open_index import aliased_space
from workers import schedules
from workers.broker import GPU, Broker
from workers.celery_app import make_app
from workers.context import Context
from workers.metrics import Numbers
from workers.page_work import PageWork
from workers.pipeline import IngestRequest, ingest
from workers.schedules import SCHEDULES, Schedule

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def settings(tmp_path: Path, redis_server: RedisServer) -> Settings:
    with Redis.from_url(redis_server.other_url) as client:
        client.flushdb()
    return Settings(home=tmp_path / "home", broker_url=redis_server.other_url, processes=1)  # type: ignore[arg-type]


@pytest.fixture
def context(settings: Settings) -> Iterator[Context]:
    with Context(settings, TinyEmbedder()) as opened:
        yield opened


def alive(*names: str):  # type: ignore[no-untyped-def]
    return lambda name: name in names


def test_one_of_many_gets_the_lease_of_a_period(context: Context) -> None:
    leases, taken = Schedules(context.catalogue), list[str]()
    leases.begin("other", 1, "nobody", alive())
    ready = threading.Barrier(6)

    def contend(name: str) -> None:
        ready.wait()
        if leases.begin("clean", 7, name, alive(*"abcdef")):
            taken.append(name)

    threads = [threading.Thread(target=contend, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1


def test_a_lease_ends_with_its_work_or_its_holder(context: Context) -> None:
    leases = Schedules(context.catalogue)
    assert leases.begin("clean", 7, "a", alive("a", "b"))
    assert not leases.begin("clean", 7, "b", alive("a", "b")), "it runs"
    assert not leases.begin("clean", 8, "b", alive("a", "b")), "the next period must not overlap it"
    assert leases.begin("clean", 8, "b", alive("b")), "its holder died"
    leases.end("clean", 7, "a")
    assert leases.all()["clean"].holder == "b", "the dead cannot end what another runs"
    leases.end("clean", 8, "b", "it broke")
    record = leases.all()["clean"]
    assert (record.done, record.error, record.succeeded) == (-1, "it broke", None)
    assert leases.begin("clean", 8, "c", alive("c")), "what failed is done again"
    leases.end("clean", 8, "c")
    record = leases.all()["clean"]
    assert record.done == 8 and record.succeeded is not None and record.error is None
    assert not leases.begin("clean", 8, "d", alive("d")), "a period is done once"


def test_what_was_missed_is_sent_once(settings: Settings, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    broker, app = Broker(settings), make_app(settings)
    runs: list[str] = []
    schedule = Schedule("spare", lambda settings: 3600.0, lambda context: runs.append("run"))
    monkeypatch.setattr(schedules, "SCHEDULES", {"spare": schedule})
    monkeypatch.setattr(schedules, "send", lambda *message, **named: runs.append("sent"))
    period = schedules.present_period(schedule, settings)
    assert period is not None
    leases = Schedules(context.catalogue)
    leases.begin("spare", period - 30, "old", alive())
    leases.end("spare", period - 30, "old")
    assert schedules.send_due(app, broker, settings, context.catalogue) == ["spare"]
    assert schedules.send_due(app, broker, settings, context.catalogue) == [], "it is under way"
    assert schedules.run("spare", period, context, broker, "me")
    assert not schedules.run("spare", period, context, broker, "me")
    assert schedules.send_due(app, broker, settings, context.catalogue) == []
    assert runs == ["sent", "run"]


def test_a_failing_schedule_is_told(settings: Settings, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(context: Context) -> None:
        raise NotFoundError("The place is gone.", input="/gone")

    monkeypatch.setattr(schedules, "SCHEDULES", {"spare": Schedule("spare", lambda settings: 60.0, work)})
    assert schedules.run("spare", 1, context, Broker(settings), "me")
    assert Schedules(context.catalogue).all()["spare"].error == "/gone: The place is gone."


def test_watched_folders_bring_what_is_new_and_one_that_is_gone_stops_no_other(
    context: Context, tmp_path: Path
) -> None:
    folder = write_scans(tmp_path / "scans")
    collection = context.catalogue.add_collection("watched").id
    leases, queued = Schedules(context.catalogue), QueuedWork(context.catalogue)
    leases.watch(collection, str(tmp_path / "gone"), {})
    leases.watch(collection, str(folder), {"box": 1})
    schedules.look(context)
    gone, there = leases.watches()
    assert gone.error is not None and "gone" in gone.error and gone.seen is None
    assert there.error is None and there.seen is not None
    keys = queued.take_inputs(100)
    assert len(keys) == 6
    taken = queued.claim_input(keys[0], "me")
    assert taken is not None and taken.uri == str(folder / "page0.png") and taken.details == {"box": 1}
    schedules.look(context)
    assert queued.take_inputs(100) == [], "what waits or is under way is not added twice"
    assert leases.unwatch(collection, str(folder)) and not leases.unwatch(collection, str(folder))


def test_watched_iiif_collections_bring_manifests_that_are_added_or_changed(settings: Settings, tmp_path: Path) -> None:
    write_scans(tmp_path / "scans")
    with Web(tmp_path) as web, Context(settings.model_copy(update={"http_allow_private": True})) as context:
        web.publish("collection.json", iiif("Collection", web.url("collection.json"), [web.link("one.json")]))
        web.publish("one.json", manifest(web, "one.json", ["page0.png"]))
        collection = context.catalogue.add_collection("watched").id
        Schedules(context.catalogue).watch(collection, web.url("collection.json"), {})
        schedules.look(context)
        assert list_all(context) == [(web.url("one.json"), 1)]
        schedules.look(context)
        assert list_all(context) == [(web.url("one.json"), 0)], "looked at again, and nothing was new"
        web.publish("two.json", manifest(web, "two.json", ["page1.png"]))
        web.publish("one.json", manifest(web, "one.json", ["page0.png", "page2.png"]))
        web.publish(
            "collection.json",
            iiif("Collection", web.url("collection.json"), [*map(web.link, ["one.json", "two.json"])]),
        )
        schedules.look(context)
        assert sorted(list_all(context)) == [(web.url("one.json"), 1), (web.url("two.json"), 1)]
        assert Schedules(context.catalogue).watches()[0].error is None


class Web:
    """A folder served over HTTP."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))

    def __enter__(self) -> Web:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def link(self, name: str) -> dict[str, str]:
        return {"id": self.url(name), "type": "Manifest"}

    def publish(self, name: str, content: dict[str, Any]) -> None:
        (self._folder / name).write_text(json.dumps(content), encoding="utf-8")


def iiif(kind: str, url: str, items: list[Any]) -> dict[str, Any]:
    context = "http://iiif.io/api/presentation/3/context.json"
    return {"@context": context, "id": url, "type": kind, "label": {"none": [url]}, "items": items}


def manifest(web: Web, name: str, images: list[str]) -> dict[str, Any]:
    """Of plain images, a canvas each."""
    canvases = []
    for image in images:
        canvas = f"{web.url(name)}/{image}"
        body = {"id": web.url(f"scans/{image}"), "type": "Image", "format": "image/png", "width": 420, "height": 300}
        note = {"id": f"{canvas}/note", "type": "Annotation", "motivation": "painting", "body": body, "target": canvas}
        page = {"id": f"{canvas}/page", "type": "AnnotationPage", "items": [note]}
        canvases.append({"id": canvas, "type": "Canvas", "width": 420, "height": 300, "items": [page]})
    return iiif("Manifest", web.url(name), canvases)


def list_all(context: Context) -> list[tuple[str, int]]:
    """What a worker does with the inputs that wait: (URL, new or changed pages) of each."""
    queued, work = QueuedWork(context.catalogue), PageWork(context.settings)
    found = []
    for key in queued.take_inputs(100):
        given = queued.claim_input(key, "me")
        assert given is not None
        listing = work.list_document(given.uri)
        result = context.catalogue.list_document(
            given.collection_id, listing.info, listing.refs, base_url=context.settings.base_url
        )
        queued.finish_input(given.id, given.claim)
        found.append((given.uri, result.new + result.changed))
    return found


def test_a_new_model_is_built_beside_the_live_one_and_swapped(settings: Settings, tmp_path: Path) -> None:
    folder = write_scans(tmp_path / "scans")
    with Context(settings, TinyEmbedder()) as context:
        ingest(context, IngestRequest((str(folder),), "notes"))
        old = context.embedder.space.key
        assert aliased_space(settings) == old
        words = sum(status.words for status in context.catalogue.status())
    with Context(settings, TinyEmbedder("tinier")) as context:
        seen = []
        build = context.index(context.embedder.space)
        upsert = build.upsert
        build.upsert = lambda points: (seen.append(aliased_space(settings)), upsert(points))  # type: ignore[method-assign,assignment,func-returns-value]
        schedules.reembed(context)
        assert set(seen) == {old}, "the old one answers until the new one is complete"
        assert aliased_space(settings) == context.embedder.space.key != old
        assert context.live_index().count() == words
        schedules.clean(context)
        assert [space.key for space in context.catalogue.all_spaces()] == [context.embedder.space.key]
        schedules.reembed(context)


def test_another_segmenter_is_a_new_generation(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(context, IngestRequest((str(write_scans(tmp_path / "scans")),), "notes"))
    schedules.resegment(context)
    assert QueuedWork(context.catalogue).counts().waiting == 0
    monkeypatch.setattr("ingest.segmentation.SEGMENTER_VERSION", "another")
    schedules.resegment(context)
    assert QueuedWork(context.catalogue).counts().waiting == 6
    assert context.live_index().count() > 0, "the old generation answers meanwhile"


def test_numbers_tell_of_queues_pages_failures_and_schedules(
    settings: Settings, context: Context, tmp_path: Path
) -> None:
    ingest(context, IngestRequest((str(write_scans(tmp_path / "scans")), str(tmp_path / "none.pdf")), "notes"))
    leases = Schedules(context.catalogue)
    leases.begin("clean", 1, "me", alive())
    leases.end("clean", 1, "me")
    Broker(settings).add_counts({"seconds:segment": 2.5, "words:index": 3})
    registry = CollectorRegistry()
    registry.register(Numbers(settings, context.catalogue))
    text = generate_latest(registry).decode()
    for line in (
        'manuspect_queue_depth{queue="cpu"}',
        'manuspect_pages{collection="notes",state="indexed"} 5.0',
        'manuspect_failures{collection="notes",error="NotFoundError"} 1.0',
        'manuspect_stage_seconds_total{stage="segment"}',
        'manuspect_stage_words_total{stage="index"} 3.0',
        'manuspect_schedule_age_seconds{schedule="clean"}',
        'manuspect_up{part="broker"} 1.0',
    ):
        assert line in text, text


def test_cancelled_and_paused_work_is_not_taken_up_and_can_be_retried(context: Context, tmp_path: Path) -> None:
    collection = context.catalogue.add_collection("notes").id
    queued = QueuedWork(context.catalogue)
    keys = queued.add_inputs(collection, ["/a.png", "/b.png"], {})
    context.catalogue.set_paused(collection, True)
    assert queued.take_inputs(10) == [] and queued.claim_input(keys[0], "me") is None
    context.catalogue.set_paused(collection, False)
    assert len(queued.take_inputs(10)) == 2
    assert queued.cancel(collection) == 2
    assert {failure.error for failure in context.catalogue.failures(collection)} == {"CancelledError"}


def test_every_schedule_has_a_queue_and_an_interval(settings: Settings) -> None:
    for schedule in SCHEDULES.values():
        assert schedule.queue in ("cpu", "gpu") and schedule.seconds(settings) > 0
    off = Settings(home=settings.home, watch_minutes=0)
    assert schedules.present_period(SCHEDULES["watch"], off) is None


def test_a_second_scheduler_takes_over(deployment: Deployment) -> None:
    lock = "manuspect:beat:lock"
    until(lambda: bool(deployment.redis.client.exists(lock)), 60, deployment.logs)
    first = deployment.redis.client.get(lock)
    second = deployment.start("standby", "--beat")
    until(lambda: second.process is not None and "beat started" in deployment.logs(), 200, deployment.logs)

    def succeeded() -> int:
        with Context(deployment.settings) as context:
            record = Schedules(context.catalogue).all().get("clean")
            return record.done if record is not None else -1

    until(lambda: succeeded() > 0, 200, deployment.logs)
    deployment.services["beat"].stop()
    before = succeeded()
    until(lambda: succeeded() > before + 1, 200, deployment.logs)
    assert deployment.redis.client.get(lock) not in (None, first), "the standby alone keeps time now"
    deployment.services["beat"] = deployment.start("beat", "--beat")
    assert SCHEDULES["clean"].queue == GPU
