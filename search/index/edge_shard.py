"""A Qdrant Edge shard shared politely: opened late, closed when idle or when another process wants it.

One process at a time may hold a shard. Whoever waits for it touches the file `wanted`; whoever holds it looks there
after each operation and lets go. So a search gets its turn while a long ingestion runs.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import qdrant_edge as edge

from infra.errors import IndexBusyError, VectorIndexError
from search.index.edge_lock import ShardLock

_POLL = 0.02
_WANTED_FRESH = 1.0
"""Seconds after which a `wanted` file is taken for one left by a process that died."""


class SharedShard:
    """Context manager factory over one shard folder; usable from several threads."""

    def __init__(
        self, folder: Path, create: Callable[[Path], None], *, lock_timeout: float, idle_seconds: float
    ) -> None:
        """`create` writes a new shard into the empty folder it is given."""
        self._folder = folder
        self._create = create
        self._lock_timeout = lock_timeout
        self._idle_seconds = idle_seconds
        self._lock = ShardLock(folder)
        self._changed = threading.Condition()
        self._shard: edge.EdgeShard | None = None
        self._users = 0
        self._last_use = 0.0

    @contextmanager
    def use(self) -> Iterator[edge.EdgeShard]:
        """The open shard. Raises IndexBusyError where another process keeps it, VectorIndexError where it fails."""
        shard = self._acquire()
        try:
            yield shard
        except (VectorIndexError, ValueError):
            raise
        except Exception as error:  # qdrant_edge raises bare Exception
            raise VectorIndexError(f"the index in {self._folder} failed: {error}") from error
        finally:
            self._release()

    def close(self) -> None:
        """Let go of the shard once no thread uses it; the next use opens it again."""
        with self._changed:
            self._changed.wait_for(lambda: self._users == 0)
            self._close_now()

    def _acquire(self) -> edge.EdgeShard:
        with self._changed:
            if self._shard is None:
                self._shard = self._open()
                threading.Thread(target=self._close_when_idle, args=(self._shard,), daemon=True).start()
            self._users += 1
            return self._shard

    def _release(self) -> None:
        with self._changed:
            self._users -= 1
            self._last_use = time.monotonic()
            if self._users == 0:
                if self._is_wanted():
                    self._close_now()
                self._changed.notify_all()

    def _open(self) -> edge.EdgeShard:
        deadline = time.monotonic() + self._lock_timeout
        self._give_way(deadline)
        while not self._lock.acquire():
            if time.monotonic() >= deadline:
                raise IndexBusyError(
                    f"another process has held the index in {self._folder} for {self._lock_timeout:g} s; "
                    "wait for it, raise MANUSPECT_INDEX_LOCK_TIMEOUT, or use a Qdrant server (MANUSPECT_QDRANT_URL)"
                )
            self._wanted.touch()
            time.sleep(_POLL)
        self._wanted.unlink(missing_ok=True)
        try:
            shard = self._load()
        except BaseException:
            self._lock.release()
            raise
        self._last_use = time.monotonic()
        return shard

    def _load(self) -> edge.EdgeShard:
        if not self._folder.exists():
            self._make()
        try:
            return edge.EdgeShard.load(str(self._folder))
        except Exception as error:  # qdrant_edge raises bare Exception
            raise VectorIndexError(
                f"the index in {self._folder} cannot be opened ({error}); "
                "it can be rebuilt from the catalogue: manuspect reindex"
            ) from error

    def _give_way(self, deadline: float) -> None:
        """Let a process that already waits go first."""
        while self._is_wanted() and time.monotonic() < deadline:
            time.sleep(_POLL)

    def _make(self) -> None:
        """A new shard appears whole or not at all, also when two processes make it at once."""
        draft = self._folder.with_name(f"{self._folder.name}.{threading.get_ident()}.{time.monotonic_ns()}.new")
        draft.mkdir(parents=True)
        try:
            self._create(draft)
            with suppress(OSError):  # another process was first
                draft.rename(self._folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    @property
    def _wanted(self) -> Path:
        return self._folder.with_name(self._folder.name + ".wanted")

    def _is_wanted(self) -> bool:
        try:
            age = time.time() - self._wanted.stat().st_mtime
        except OSError:
            return False
        return age < _WANTED_FRESH

    def _close_when_idle(self, shard: edge.EdgeShard) -> None:
        pause = min(self._idle_seconds, 0.1)
        while True:
            time.sleep(pause)
            with self._changed:
                if self._shard is not shard:
                    return
                idle = time.monotonic() - self._last_use
                if self._users == 0 and (idle >= self._idle_seconds or self._is_wanted()):
                    self._close_now()
                    return

    def _close_now(self) -> None:
        if self._shard is not None:
            self._shard.close()
            self._shard = None
            self._lock.release()
