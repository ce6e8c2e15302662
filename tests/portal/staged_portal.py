"""The real portal where some questions have a fate: `staged_portal.py HOME PORT`; for photographs of rare states."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from infra.errors import IndexBusyError, VectorIndexError
from infra.settings import load_settings
from ui.portal.background import BackgroundImporter
from ui.portal.engine_finder import EngineFinder
from ui.portal.importing import Activity
from ui.serve import serve

SLOW, BUSY, UNREACHABLE, FAULTY = "slow", "busy", "unreachable", "faulty"
PROGRESS = "The log of the brig Marigold"
"""Name of a collection that seems to be read."""

_find = EngineFinder.find


def _fated(self: EngineFinder, asked: Any, *others: Any, **named: Any) -> Any:
    if asked.text == SLOW:
        time.sleep(8)
    elif asked.text == BUSY:
        raise IndexBusyError("Another process (4711) has held the index for more than 30 s.")
    elif asked.text == UNREACHABLE:
        raise VectorIndexError("The Qdrant server at http://qdrant:6334 cannot be reached.")
    elif asked.text == FAULTY:
        raise RuntimeError("a detail that nobody must see")
    return _find(self, asked, *others, **named)


if __name__ == "__main__":
    home, port = Path(sys.argv[1]), int(sys.argv[2])
    EngineFinder.find = _fated  # type: ignore[method-assign]
    BackgroundImporter.activities = lambda _: [Activity(PROGRESS, "Reading 1 input", running=True)]  # type: ignore[method-assign]
    serve(load_settings(home=home, base_url=f"http://localhost:{port}"), port=port)
