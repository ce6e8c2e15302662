"""The file store: atomic, bounded, and clear about what failed."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import NotFoundError, SettingsError, StorageError
from infra.file_cache import FileCache
from infra.files import FileStore, storage_error


@pytest.fixture(params=["path", "file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    urls = {"path": str(tmp_path / "s"), "file": (tmp_path / "s t").as_uri(), "memory": f"memory://{tmp_path.name}"}
    return FileStore(urls[request.param], cache_dir=tmp_path / "cache")


def test_files_go_in_and_come_out(store: FileStore, tmp_path: Path) -> None:
    local = tmp_path / "a local name.tif"
    local.write_bytes(b"one")
    store.put_file(local, "doc/1.tif")
    store.put_bytes(b"two", "doc/2.tif")
    store.put_bytes(b"three", "other")
    assert store.exists("doc/1.tif")
    assert not store.exists("doc")
    with store.open("doc/1.tif") as file:
        assert file.read() == b"one"
    assert store.local_path("doc/2.tif").read_bytes() == b"two"
    assert list(store.list()) == ["doc/1.tif", "doc/2.tif", "other"]
    assert list(store.list("doc")) == ["doc/1.tif", "doc/2.tif"]
    store.put_bytes(b"new", "doc/2.tif")
    assert store.local_path("doc/2.tif").read_bytes() == b"new"
    store.delete("doc/1.tif")
    store.delete("doc/1.tif")
    assert list(store.list("doc")) == ["doc/2.tif"]
    store.delete_prefix("doc")
    store.delete_prefix("doc")
    assert list(store.list()) == ["other"]


def test_missing_files_are_named(store: FileStore) -> None:
    for look in (store.open, store.local_path):
        with pytest.raises(NotFoundError, match="no such file"):
            look("none/1.tif")
    assert list(store.list("none")) == []


def test_a_failed_write_leaves_nothing(store: FileStore) -> None:
    store.put_bytes(b"old", "a")
    with pytest.raises(RuntimeError), store.writing("a") as part:
        part.write_bytes(b"half")
        raise RuntimeError
    assert store.local_path("a").read_bytes() == b"old"
    assert list(store.list()) == ["a"]


@pytest.mark.parametrize("key", ["", "/a", "../a", "a/../b", "a//b", "a/", ".hidden", "a b", "a\\b", "é", "a\n", "a\0"])
def test_only_ids_are_keys(store: FileStore, key: str) -> None:
    for use in (store.exists, store.delete, store.local_path, store.open, store.delete_prefix):
        with pytest.raises(ValueError, match="not a key"):
            use(key)
    with pytest.raises(ValueError, match="not a key"):
        store.put_bytes(b"", key)


@given(st.text(max_size=30))
def test_no_key_leaves_the_store(key: str) -> None:
    store = FileStore("/nowhere/at/all")
    try:
        assert store.exists(key) is False
    except ValueError:
        return
    assert Path(os.path.normpath(f"/nowhere/at/all/{key}")).is_relative_to("/nowhere/at/all")


def test_a_local_path_is_no_copy(tmp_path: Path) -> None:
    store = FileStore((tmp_path / "s").as_uri())
    store.put_bytes(b"x", "doc/1.tif")
    assert store.local_path("doc/1.tif") == tmp_path / "s" / "doc" / "1.tif"


def test_remote_files_are_kept_within_bounds(tmp_path: Path) -> None:
    fetched: list[str] = []
    cache = FileCache(tmp_path, most_bytes=2500)

    def get(name: str) -> Path:
        def fetch(part: Path) -> None:
            fetched.append(name)
            part.write_bytes(name.encode() * 1000)

        return cache.path(name, fetch)

    first, second = get("a"), get("b")
    for age, path in ((300, first), (200, second)):
        os.utime(path, (time.time() - age, time.time() - age))
    assert get("b").read_bytes() == b"b" * 1000
    get("c")
    assert fetched == ["a", "b", "c"]
    assert not first.exists(), "the least recently used goes"
    assert second.exists()
    get("d")
    assert second.exists(), "what was just handed out stays, whatever the bound"


def test_a_changed_remote_file_is_fetched_anew(tmp_path: Path) -> None:
    store = FileStore(f"memory://{tmp_path.name}", cache_dir=tmp_path / "cache")
    store.put_bytes(b"one", "k")
    path = store.local_path("k")
    assert store.local_path("k") == path
    fsspec.filesystem("memory").pipe_file(f"/{tmp_path.name}/k", b"two")
    assert store.local_path("k").read_bytes() == b"two"


def test_it_can_be_pickled(store: FileStore) -> None:
    store.put_bytes(b"x", "k")
    assert pickle.loads(pickle.dumps(store)).exists("k")


def test_failures_are_storage_errors(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="failed at k"):
        FileStore(str(tmp_path / "file" / "below")).put_bytes(b"", "k")
    with pytest.raises(SettingsError, match="MANUSPECT_FILES_URL"):
        FileStore("nosuchprotocol://bucket").exists("k")


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    program = (
        "import os, resource, signal, sys\n"
        "import numpy as np\n"
        "from infra.errors import StorageError\n"
        "from infra.files import FileStore, storage_error\n"
        "from ingest.page_images import write_page_image\n"
        "from ingest.sources import PageImage\n"
        "store = FileStore(sys.argv[1])\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "noise = np.random.default_rng(0).integers(0, 255, (900, 900, 3), np.uint8)\n"
        "try: write_page_image(store, 'p', PageImage(900, 900, noise))\n"
        "except StorageError as error: print(error)\n"
        "print(list(store.list()), os.listdir(sys.argv[1]))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=100, check=True
    )
    error, left = run.stdout.splitlines()
    assert "failed at p" in error
    assert "too large" in error.lower(), "the kernel's words for the limit set here"
    assert left == "[] []", "no half-written file stays behind"
    full = storage_error("file:///data", "k", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert "is full" in str(full)
    assert "Free some space" in str(full)


def test_what_killed_writers_leave_is_swept(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path))
    store.put_bytes(b"x", "doc/1")
    part = tmp_path / "doc" / ".0123.part"
    part.write_bytes(b"half")
    assert list(store.list()) == ["doc/1"]
    assert store.sweep(older_than=3600) == 0
    os.utime(part, (1, 1))
    assert store.sweep(older_than=3600) == 1
    assert list(store.list()) == ["doc/1"]
    assert not part.exists()
