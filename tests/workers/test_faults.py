"""What goes wrong for real: processes killed at every stage, servers killed and full, messages that come twice.

After each, every page is accounted for, its words are those of an undisturbed run, and the index holds nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from deployment import Deployment, Words, until

from ingest.catalogue import ids
from workers.broker import CPU, GPU
from workers.celery_app import EMBED, LIST, PREPARE, make_app, send
from workers.celery_jobs import CeleryJobs
from workers.context import Context
from workers.pipeline import IngestRequest

pytestmark = pytest.mark.timeout(600)


def start(deployment: Deployment, scans: Path, collection: str) -> None:
    """What `manuspect ingest --no-wait` does."""
    with Context(deployment.settings) as context:
        report = CeleryJobs(context, wait=False).ingest(IngestRequest((str(scans),), collection))
    assert report.queued and report.documents == len(list(scans.iterdir()))


def check(deployment: Deployment, collection: str, expected: Words) -> None:
    deployment.wait_for(collection)
    assert deployment.state(collection) == expected, deployment.logs()


def test_workers_do_what_one_process_does(deployment: Deployment, scans: Path, undisturbed: Words) -> None:
    done = deployment.command("ingest", str(scans), "-c", "plain", "--json")
    assert done.returncode == 0, done.stderr + deployment.logs()
    report = json.loads(done.stdout)
    assert (report["documents"], report["new"], report["indexed"], report["empty"]) == (6, 6, 5, 1)
    assert deployment.state("plain") == undisturbed
    again = json.loads(deployment.command("ingest", str(scans), "-c", "plain", "--json").stdout)
    assert (again["new"], again["unchanged"]) == (0, 6)


def test_a_worker_is_killed_in_each_stage(deployment: Deployment, scans: Path, undisturbed: Words) -> None:
    gpu_starts = deployment.services["gpu"].starts
    traps = [
        deployment.trap("die1", stage, f"page{number}.png")
        for number, stage in enumerate(["list", "convert", "segment", "embed", "record", "upsert"])
    ]
    start(deployment, scans, "killed")
    check(deployment, "killed", undisturbed)
    assert not any(trap.exists() for trap in traps), "every fault happened"
    assert deployment.services["gpu"].starts >= gpu_starts + 3


def test_pages_that_kill_their_worker_every_time_are_set_aside(
    deployment: Deployment, scans: Path, undisturbed: Words
) -> None:
    traps = [deployment.trap("die", "segment", "page0.png"), deployment.trap("die", "embed", "page1.png")]
    start(deployment, scans, "deadly")
    deployment.wait_for("deadly", 400)
    for trap in traps:
        trap.unlink()
    state = deployment.state("deadly")
    assert state.pop("page0.png") == state.pop("page1.png") == ("failed", [])
    assert state == {name: words for name, words in undisturbed.items() if name not in ("page0.png", "page1.png")}
    with Context(deployment.settings) as context:
        failures = context.catalogue.failures(ids.collection_id("deadly"))
    assert [failure.error for failure in failures] == ["WorkerLostError"] * 2
    assert all("died 3 times" in failure.reason for failure in failures)
    assert deployment.command("retry", "-c", "deadly").returncode == 0
    assert deployment.state("deadly") == undisturbed


def test_whole_workers_lose_power(deployment: Deployment, scans: Path, undisturbed: Words) -> None:
    slow = [deployment.trap("slow", "segment", "page"), deployment.trap("slow", "embed", "page")]
    start(deployment, scans, "power")
    until(lambda: count(deployment, "power", "running") > 0, 200, deployment.logs)
    deployment.services["cpu"].kill()
    until(lambda: count(deployment, "power", "indexed") > 0, 200, deployment.logs)
    deployment.services["gpu"].kill()
    for trap in slow:
        trap.unlink()
    check(deployment, "power", undisturbed)


def test_the_broker_is_killed_and_comes_back(deployment: Deployment, scans: Path, undisturbed: Words) -> None:
    slow = deployment.trap("slow", "segment", "page")
    start(deployment, scans, "broker")
    until(lambda: count(deployment, "broker", "running") > 0, 200, deployment.logs)
    deployment.redis.kill()
    time.sleep(2)
    deployment.redis.start()
    slow.unlink()
    check(deployment, "broker", undisturbed)


def test_connections_to_the_broker_are_cut(deployment: Deployment, scans: Path, undisturbed: Words) -> None:
    with deployment.redis.client as client:
        for _ in range(4):
            client.client_kill_filter(_type="pubsub")
            client.client_kill_filter(_type="normal", skipme=True)
            time.sleep(1)
    start(deployment, scans, "cut")
    check(deployment, "cut", undisturbed)


def test_a_broker_that_forgot_everything_is_filled_again(
    deployment: Deployment, scans: Path, undisturbed: Words
) -> None:
    slow = deployment.trap("slow", "convert", "page")
    start(deployment, scans, "forgot")
    until(lambda: count(deployment, "forgot", "running") > 0, 200, deployment.logs)
    with deployment.redis.client as client:
        client.delete(CPU, GPU, "unacked", "unacked_index")
    slow.unlink()
    check(deployment, "forgot", undisturbed)


def test_the_broker_is_full(deployment: Deployment, scans: Path, undisturbed: Words) -> None:
    with deployment.redis.client as client:
        client.config_set("maxmemory", "1mb")
        refused = deployment.command("ingest", str(scans), "-c", "full")
        time.sleep(3)
        client.config_set("maxmemory", "0")
    assert refused.returncode == 1 and "The broker is full" in refused.stderr
    check(deployment, "full", undisturbed)


def test_postgresql_is_restarted(deployment: Deployment, scans: Path, undisturbed: Words) -> None:
    slow = [deployment.trap("slow", "segment", "page"), deployment.trap("slow", "embed", "page")]
    start(deployment, scans, "database")
    until(lambda: count(deployment, "database", "running") > 1, 200, deployment.logs)
    deployment.postgres.stop()
    time.sleep(2)
    deployment.postgres.start()
    for trap in slow:
        trap.unlink()
    check(deployment, "database", undisturbed)


def test_the_disk_is_full(deployment: Deployment, scans: Path, undisturbed: Words, small_disk: Path) -> None:
    if not os.path.ismount(small_disk):
        pytest.skip("a small disk cannot be mounted here")
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        left = shutil.disk_usage(small_disk).free
        file.write(b"\0" * (left - left % 4096))
    start(deployment, scans, "disk")
    until(lambda: "is full" in deployment.logs(), 200, deployment.logs)
    assert count(deployment, "disk", "failed") == 0
    filler.unlink()
    check(deployment, "disk", undisturbed)


def test_every_message_comes_three_times(deployment: Deployment, scans: Path, undisturbed: Words) -> None:
    app = make_app(deployment.settings)
    collection = ids.collection_id("twice")
    documents = [ids.document_id(collection, str(path)) for path in scans.iterdir()]
    start(deployment, scans, "twice")
    for _ in range(2):
        for document in documents:
            page = ids.page_id(document, 1)
            send(app, LIST, document)
            send(app, PREPARE, page)
            send(app, PREPARE, page)
            send(app, EMBED, page, 1)
    check(deployment, "twice", undisturbed)
    with Context(deployment.settings) as context:
        pages = [context.catalogue.page(ids.page_id(document, 1)) for document in documents]
    assert [page.generation for page in pages if page is not None] == [1] * 6


def count(deployment: Deployment, collection: str, state: str) -> int:
    with Context(deployment.settings) as context:
        [status] = context.catalogue.status(ids.collection_id(collection))
        return status.by_state[state]
