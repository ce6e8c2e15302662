"""Local copies of remote files, up to a number of bytes; the least recently used go first."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

_GRACE = 60.0
"""Seconds for which a copy just handed out is never removed: whoever got its path must have time to open it."""


class FileCache:
    """A folder of copies named by a hash of what they are. Processes may share it; they race harmlessly."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def path(self, identity: str, fetch: Callable[[Path], object]) -> Path:
        """The local copy of `identity`, fetched to the path given to `fetch` where it is not there yet."""
        path = self._folder / hashlib.sha256(identity.encode()).hexdigest()
        try:
            os.utime(path)
            return path
        except FileNotFoundError:
            pass
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._folder / f".{uuid.uuid4().hex}.part"
        try:
            fetch(part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        self._make_room()
        return path

    def _make_room(self) -> None:
        copies = []
        for entry in os.scandir(self._folder):
            try:
                copies.append((entry.stat().st_mtime, entry.stat().st_size, entry.path))
            except FileNotFoundError:
                continue  # another process was quicker
        excess = sum(size for _, size, _ in copies) - self._most_bytes
        for used, size, path in sorted(copies):
            if excess <= 0 or used > time.time() - _GRACE:
                return
            Path(path).unlink(missing_ok=True)
            excess -= size
