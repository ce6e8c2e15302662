"""One ingesting process at a time in a home folder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from infra.errors import IndexBusyError, StorageError
from infra.settings import Settings

_POLL = 0.1


@contextmanager
def home_lock(settings: Settings) -> Iterator[None]:
    """Hold the right to write in `settings.home`; the system takes it back when the process dies.

    Waits `index_lock_timeout` seconds for another process, then raises IndexBusyError.
    """
    path = settings.home.absolute() / "writer.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}. Choose another MANUSPECT_HOME.") from error
    with file:
        _wait_for(file, path, settings.index_lock_timeout)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _wait_for(file: IO[str], path: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                file.seek(0)
                holder = file.read(20) or "unknown"
                raise IndexBusyError(
                    f"Another process ({holder}) has been writing in {path.parent} for more than {patience:g} s. "
                    "Wait for it to end and run again, or raise MANUSPECT_INDEX_LOCK_TIMEOUT."
                ) from None
            time.sleep(_POLL)
