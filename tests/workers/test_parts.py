"""The parts of the workers that need no second process."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from servers import RedisServer

from infra.errors import BrokerError, CatalogueError, SettingsError
from infra.settings import Settings
from ui.cli import run
from workers import broker as broker_module
from workers import feeder, persist, worker
from workers.broker import Broker, Counters, Heartbeat, process_name
from workers.celery_app import LIST, PREPARE, TICK_SECONDS, limits, make_app, visibility_timeout
from workers.embed_tasks import Turns
from workers.healthy import is_healthy


@pytest.fixture
def settings(tmp_path: Path, redis_server: RedisServer) -> Settings:
    return Settings(home=tmp_path / "home", broker_url=redis_server.other_url)  # type: ignore[arg-type]


def test_messages_are_delivered_again_only_after_any_task_has_ended(settings: Settings) -> None:
    conf = make_app(settings).conf
    visible = visibility_timeout(settings)
    for options in (conf.broker_transport_options, conf.result_backend_transport_options):
        assert options["visibility_timeout"] == visible == conf.visibility_timeout
    assert conf.broker_transport_options["unacked_restore_throttle"] == 1
    for task in (LIST, PREPARE):
        assert limits(settings, task)["soft_time_limit"] < limits(settings, task)["time_limit"] < visible
    assert conf.task_acks_late and conf.task_reject_on_worker_lost and conf.worker_prefetch_multiplier == 1
    assert conf.accept_content == ["json"] and conf.task_serializer == "json"


def test_celery_learns_of_every_connection_that_is_lost(settings: Settings) -> None:
    with make_app(settings).connection() as connection:
        listening = connection.default_channel.subclient
        listening.subscribe("news")
        listening.parse_response()  # says that it is subscribed
        host, port = listening.connection._sock.getsockname()  # that of no other test
        with Broker(settings).redis as other:
            other.client_kill(f"{host}:{port}")
        with pytest.raises(connection.connection_errors):
            listening.parse_response()


def test_a_worker_without_a_broker_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MANUSPECT_HOME", str(tmp_path))
    monkeypatch.delenv("MANUSPECT_BROKER_URL", raising=False)
    assert run(["worker", "--queue", "cpu"]) == 2
    assert "MANUSPECT_BROKER_URL" in capsys.readouterr().err
    assert run(["worker"]) == run(["worker", "--queue", "cpu", "--beat"]) == run(["worker", "--queue", "tpu"]) == 2


def test_a_broker_that_is_not_there_or_not_redis_is_told(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="MANUSPECT_BROKER_URL"):
        Broker(Settings(home=tmp_path, broker_url="redis://127.0.0.1:1/0")).check()  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="only Redis"):
        Broker(Settings(home=tmp_path, broker_url="amqp://127.0.0.1"))  # type: ignore[arg-type]


def test_a_second_embedding_worker_of_an_embedded_index_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_PATIENCE", 1)
    with worker._owning_index(settings):
        other = settings.model_copy(update={"home": settings.home.with_name("other")})
        with pytest.raises(SettingsError, match="MANUSPECT_QDRANT_URL"), worker._owning_index(other):
            pass
    with worker._owning_index(settings):
        pass


def test_the_same_home_is_owned_at_once_after_a_kill(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_PATIENCE", 1)
    with monkeypatch.context() as killed:
        killed.setattr(Broker, "disown", lambda *_: None)
        with worker._owning_index(settings):
            pass
    with worker._owning_index(settings):
        assert not Broker(settings).own(worker._OWNER, "another home", 1)


def test_who_stops_telling_is_dead(settings: Settings) -> None:
    broker = Broker(settings)
    heartbeat = Heartbeat(broker, process_name("cpu"))
    assert broker.is_alive(heartbeat.name) and is_healthy(settings, "cpu") and not is_healthy(settings, "tpu")
    heartbeat.stop()
    assert not broker.is_alive(heartbeat.name)


def test_a_killed_worker_costs_less_than_fifteen_seconds() -> None:
    """Its sign of life, or the lock it held while it filled the queues, runs out, and the next look finds that."""
    assert max(broker_module._TTL, feeder._LOCK_SECONDS) + TICK_SECONDS < 15


def test_counts_of_several_processes_add_up(settings: Settings) -> None:
    broker = Broker(settings)
    before = broker.counts().get("test", 0.0)
    for _ in range(2):
        counters = Counters(broker)
        counters.add("test", 1.5)
        counters.add("test", 1)
        counters.send()
        counters.send()
    assert broker.counts()["test"] - before == pytest.approx(5.0)


def test_a_lock_has_one_holder(settings: Settings) -> None:
    broker = Broker(settings)
    with broker.lock("test", 30) as first, broker.lock("test", 30) as second:
        assert first and not second
    with broker.lock("test", 30) as third:
        assert third


def test_the_catalogue_may_be_away_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persist, "_FIRST", 0.01)
    calls: list[int] = []

    def call() -> str:
        calls.append(1)
        if len(calls) < 4:
            raise CatalogueError("away")
        return "there"

    assert persist.persist(call) == "there" and len(calls) == 4
    calls.clear()
    with pytest.raises(CatalogueError):
        persist.persist(call, patience=0.0)


def test_a_page_that_must_be_alone_is_alone() -> None:
    turns, inside, most = Turns(), list[str](), list[int]()

    def work(name: str, alone: bool) -> None:
        with turns.take(alone=alone):
            inside.append(name)
            time.sleep(0.02)
            if alone:
                assert inside == [name]
            most.append(len(inside))
            inside.remove(name)

    threads = [threading.Thread(target=work, args=(str(n), n % 4 == 0)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(most) == 16 and max(most) > 1
