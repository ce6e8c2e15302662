"""Memory that goes back to the system once it is free."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE = 2 << 20


def give_back_freed_memory() -> None:
    """Have the C library map large arrays by themselves and keep few heaps, so that what is freed is really free.

    Left alone, glibc raises its threshold to the largest array seen, and keeps page-sized holes in a heap for every
    thread: a tenth of what ingestion takes (mallopt(3)). Does nothing where the C library is another.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_M_MMAP_THRESHOLD, _LARGE)
            mallopt(_M_ARENA_MAX, 2)
