"""Politeness: how soon a host may be asked again, kept by all threads and processes of one home folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
import threading
import time
from pathlib import Path

SLOTS = 256
"""Hosts share this many files by hash; two hosts in one file only makes both a little more polite."""
LONGEST = 120.0
"""A stored time further away than this, seconds, is a leftover or a changed clock and is not believed."""

_RECORD = struct.Struct("<d")
"""The moment, seconds since the epoch, from which the hosts of a slot may be asked."""


class Pace:
    """Hands out start times to requests, at least `delay` seconds apart for one host."""

    def __init__(self, folder: Path, delay: float) -> None:
        self._folder = folder
        self._delay = delay
        self._lock = threading.Lock()
        self._next: dict[int, float] = {}

    def wait(self, host: str) -> None:
        """Sleep until this host may be asked, and reserve that moment."""
        start = self._reserve(host, time.time(), self._delay)
        time.sleep(max(0.0, start - time.time()))

    def postpone(self, host: str, seconds: float) -> None:
        """Nobody asks this host before so many seconds have passed."""
        self._reserve(host, time.time() + min(seconds, LONGEST), 0.0)

    def _reserve(self, host: str, earliest: float, delay: float) -> float:
        slot = int.from_bytes(hashlib.sha256(host.lower().encode()).digest()[:2], "big") % SLOTS
        with self._lock:
            mine = max(earliest, self._next.get(slot, 0.0))
            try:
                start = self._reserve_among_processes(slot, mine, delay)
            except OSError:  # no writable home or no locks there: still polite within this process
                start = mine
            self._next[slot] = start + delay
            return start

    def _reserve_among_processes(self, slot: int, earliest: float, delay: float) -> float:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self._folder / f"{slot:02x}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            start = max(earliest, _believable(os.pread(file, _RECORD.size, 0)))
            os.pwrite(file, _RECORD.pack(start + delay), 0)
            return start
        finally:
            os.close(file)


def _believable(stored: bytes) -> float:
    if len(stored) != _RECORD.size:
        return 0.0
    (moment,) = _RECORD.unpack(stored)
    return float(moment) if 0 <= moment <= time.time() + LONGEST else 0.0
