"""Inputs expanded to documents in a thread, for folders are long and collections are far away."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence

from infra.settings import Settings
from ingest.sources import ExpandedInput, expand_inputs
from ingest.sources.local_file import is_url, local_path

_AHEAD = 200
_POLL = 0.1


def identity(given: str) -> str:
    """The URI under which a failure of that path or URL itself is recorded."""
    return given if is_url(given) else local_path(given)


class InputFeed:
    """The documents behind some inputs, in order, looked up ahead of their use."""

    def __init__(self, inputs: Sequence[str], settings: Settings) -> None:
        self._queue: queue.Queue[ExpandedInput | None] = queue.Queue(_AHEAD)
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self.is_exhausted = False
        self._thread = threading.Thread(target=self._run, args=(inputs, settings), name="inputs", daemon=True)
        self._thread.start()

    def next(self) -> ExpandedInput | None:
        """The next document if one is at hand; never waits. Look at `is_exhausted` for the end."""
        if self.is_exhausted:
            return None
        try:
            item = self._queue.get_nowait()
        except queue.Empty:
            return None
        if item is None:
            self.is_exhausted = True
            if self._error is not None:
                raise self._error
        return item

    def stop(self) -> None:
        """Look up no more; a request under way ends in its own time."""
        self._stopped.set()

    def _run(self, inputs: Sequence[str], settings: Settings) -> None:
        try:
            for item in expand_inputs(inputs, settings):
                self._put(item)
                if self._stopped.is_set():
                    return
        except BaseException as error:  # told to the thread that runs the pipeline
            self._error = error
        self._put(None)

    def _put(self, item: ExpandedInput | None) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=_POLL)
                return
            except queue.Full:
                continue
