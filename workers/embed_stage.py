"""The thread that owns the model: words of many pages go through it in full batches."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.catalogue.records import ClaimedPage, Draft
from ingest.sources.source import Rgb
from search.embedding.embedder import embed_words
from workers.page_work import Clock, Prepared
from workers.report import Tally

if TYPE_CHECKING:
    from search.embedding.embedder import EmbeddedWord, Embedder


@dataclass(frozen=True, slots=True)
class Embedded:
    """A page with its words as the model sees them, in the draft's order."""

    page: ClaimedPage
    draft: Draft
    words: list[EmbeddedWord]


@dataclass(slots=True)
class _Pending:
    """A page some of whose words still wait for the model."""

    page: ClaimedPage
    draft: Draft
    bytes: int
    words: list[EmbeddedWord] = field(default_factory=list)


class EmbedStage:
    """Takes prepared pages, gives embedded ones, in its own thread.

    A batch is filled with words of as many pages as are at hand; the model never waits for more while it has some.
    """

    def __init__(
        self, embedder: Callable[[], Embedder], batch: int, tally: Tally, give: Callable[[Embedded], None]
    ) -> None:
        """`embedder` is called in the thread, at the first word: a run with nothing to do loads no model."""
        self._embedder = embedder
        self._batch = batch
        self._tally = tally
        self._give = give
        self._queue: queue.SimpleQueue[tuple[_Pending, list[Rgb]] | None] = queue.SimpleQueue()
        self._words: deque[tuple[_Pending, Rgb]] = deque()
        self._ended = False
        self._bytes = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="embed", daemon=True)
        self._thread.start()

    @property
    def bytes_waiting(self) -> int:
        """Bytes of crops handed in and not yet embedded."""
        return self._bytes

    def put(self, page: ClaimedPage, prepared: Prepared) -> None:
        """Hand in a page; never blocks. Look at `bytes_waiting` before preparing more."""
        pending = _Pending(page, prepared.draft, prepared.crops.buffer.nbytes)
        self._count(pending.bytes)
        self._queue.put((pending, prepared.crops.unpack()))

    def finish(self) -> None:
        """Wait until all that was handed in is through."""
        self._queue.put(None)
        self._thread.join()

    def stop(self) -> None:
        """End after the batch under way; what waits is dropped."""
        self._stopped.set()
        self.finish()

    def _run(self) -> None:
        try:
            while (batch := self._next_batch()) and not self._stopped.is_set():
                clock = Clock()
                embedder = self._embedder()
                with clock("embed"):
                    words = embed_words(embedder, [crop for _, crop in batch])
                self._tally.spend(clock.seconds)
                for (pending, _), word in zip(batch, words, strict=True):
                    self._complete(pending, word)
        except BaseException as error:  # told to the thread that runs the pipeline
            self.error = error

    def _next_batch(self) -> list[tuple[_Pending, Rgb]]:
        """A full batch where so many words are at hand, else all there are; waits for the first. Empty at the end."""
        while len(self._words) < self._batch and not self._ended:
            try:
                handed_in = self._queue.get(block=not self._words)
            except queue.Empty:
                break
            if handed_in is None:
                self._ended = True
            elif handed_in[1]:
                self._words.extend((handed_in[0], crop) for crop in handed_in[1])
            else:
                self._give(Embedded(handed_in[0].page, handed_in[0].draft, []))
        return [self._words.popleft() for _ in range(min(self._batch, len(self._words)))]

    def _complete(self, pending: _Pending, word: EmbeddedWord) -> None:
        pending.words.append(word)
        if len(pending.words) == len(pending.draft.words):
            self._count(-pending.bytes)
            self._give(Embedded(pending.page, pending.draft, pending.words))

    def _count(self, change: int) -> None:
        with self._lock:
            self._bytes += change
