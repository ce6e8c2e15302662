"""One process at a time may touch a Qdrant Edge shard, held to it by an advisory lock beside the folder.

Qdrant Edge has a lock of its own, but a load that ends in WouldBlock has by then opened the files that the holder is
writing, and vectors were seen to be lost by it. So nobody loads a shard without this lock.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class ShardLock:
    """Not reentrant. The system releases it when its process dies."""

    def __init__(self, folder: Path) -> None:
        """The lock file lies beside `folder`, which need not exist yet."""
        self._path = folder.with_name(folder.name + ".lock")
        self._file: int | None = None

    def acquire(self) -> bool:
        """True where it is ours now, False where another process, or another index in this one, has it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Let go; nothing happens where it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
