"""What is special to the embedded index: one opener at a time, and nothing lost when it is killed."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from infra.errors import IndexBusyError, VectorIndexError
from search.embedding import EmbeddingSpace
from search.index import Point
from search.index.qdrant_edge import QdrantEdgeIndex
from search.index.sizing import tuning_for

SPACE = EmbeddingSpace("test", "0" * 64, 16)
Make = Callable[..., list[Point]]


def other_process(folder: Path, body: str) -> subprocess.Popen[str]:
    """Another Python process with `index` over the same folder; waits until it says ready."""
    head = f"""
        import sys, time, uuid
        import numpy as np
        from pathlib import Path
        from search.embedding import EmbeddingSpace
        from search.index import Point
        from search.index.qdrant_edge import QdrantEdgeIndex
        index = QdrantEdgeIndex(Path({str(folder)!r}), EmbeddingSpace("test", "0" * 64, 16), idle_seconds=60)
        def some(n):
            return [Point(uuid.UUID(int=i + 1), np.eye(16, dtype=np.float32)[i % 16], "c", "d", "p", 1, 1)
                    for i in range(n)]
    """
    code = textwrap.dedent(head) + textwrap.dedent(body)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    return process


def stop(process: subprocess.Popen[str]) -> None:
    """Kill -9."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "shard"


def test_a_shard_kept_by_another_process_is_a_clear_error(folder: Path) -> None:
    body = """
        with index._shards.use():
            print("ready", flush=True)
            time.sleep(60)
    """
    process = other_process(folder, body)
    try:
        started = time.monotonic()
        with pytest.raises(IndexBusyError, match="MANUSPECT_INDEX_LOCK_TIMEOUT"):
            QdrantEdgeIndex(folder, SPACE, lock_timeout=0.5).count()
        assert time.monotonic() - started < 5
    finally:
        stop(process)
    again = QdrantEdgeIndex(folder, SPACE, lock_timeout=5)
    assert again.count() == 0
    again.close()


def test_a_search_gets_its_turn_while_another_process_writes(folder: Path) -> None:
    body = """
        index.upsert(some(100))
        print("ready", flush=True)
        while True:
            index.upsert(some(100))
    """
    process = other_process(folder, body)
    try:
        index = QdrantEdgeIndex(folder, SPACE, lock_timeout=20)
        for _ in range(3):
            assert index.count() == 100
            index.close()
    finally:
        stop(process)


def test_what_was_written_survives_kill_minus_9(folder: Path) -> None:
    body = """
        index.upsert(some(2_000))
        print("ready", flush=True)
        time.sleep(60)
    """
    process = other_process(folder, body)
    stop(process)
    index = QdrantEdgeIndex(folder, SPACE, lock_timeout=5)
    assert index.count() == 2_000
    index.close()


def test_an_idle_shard_is_let_go_and_opens_again(folder: Path, points: Make) -> None:
    first = QdrantEdgeIndex(folder, SPACE, idle_seconds=0.1)
    first.upsert(points(10))
    second = QdrantEdgeIndex(folder, SPACE, lock_timeout=5)
    assert second.count() == 10
    second.close()
    assert first.count() == 10
    first.close()


def test_threads_share_one_index(folder: Path, points: Make) -> None:
    index = QdrantEdgeIndex(folder, SPACE, idle_seconds=0.05)
    stored = points(200)
    index.upsert(stored)
    wrong: list[object] = []

    def ask(mine: list[Point]) -> None:
        for point in mine:
            found = index.query(point.vector, limit=1)
            if found[0].id != point.id:
                wrong.append(point.id)

    threads = [threading.Thread(target=ask, args=(stored[i::8],)) for i in range(8)]
    for thread in threads:
        thread.start()
    index.close()
    for thread in threads:
        thread.join()
    assert wrong == []
    index.close()


def test_a_damaged_shard_says_that_it_can_be_rebuilt(folder: Path) -> None:
    (folder / "segments").mkdir(parents=True)
    (folder / "edge_config.json").write_text("{")
    with pytest.raises(VectorIndexError, match="manuspect reindex"):
        QdrantEdgeIndex(folder, SPACE).count()


def test_new_metadata_keys_are_indexed_before_their_points(folder: Path, points: Make) -> None:
    index = QdrantEdgeIndex(folder, SPACE)
    index.upsert(points(3, metadata={"year": 1785}))
    index.upsert(points(3, seed=1, metadata={"shelf mark": "A 1"}))
    with index._shards.use() as shard:
        schema = shard.info().payload_schema
    assert {"m.year", "n.year", "m.shelf_20mark", "collection", "page", "generation"} <= set(schema)
    index.close()


def test_optimize_applies_the_settings_for_the_size(folder: Path, points: Make) -> None:
    index = QdrantEdgeIndex(folder, SPACE, tuning=replace(tuning_for(1_000_000), graph_links=24))
    stored = points(400)
    index.upsert(stored)
    index.optimize()
    config = json.loads((folder / "edge_config.json").read_text())
    assert config["hnsw_config"]["m"] == 24
    assert "int8" in json.dumps(config["quantization_config"])
    assert index.query(stored[5].vector, limit=1)[0].id == stored[5].id
    index.close()
