"""The thread that writes: vectors into the index, then, page by page, the words into the catalogue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

import structlog

from workers.cleaning import clean_page
from workers.context import Context
from workers.embed_stage import Embedded
from workers.page_work import Clock
from workers.report import Tally
from workers.versions import points_of, write_adapted

log = structlog.get_logger(__name__)

_WORDS_AT_ONCE = 4096


class WriteStage:
    """Takes embedded pages and makes each one's words live, in its own thread.

    Order is what makes this safe: the vectors are durable before the catalogue speaks of them, and what is no longer
    live is deleted after. Killed in between, the page is worked on again and writes the same points.
    """

    def __init__(self, context: Context, tally: Tally, done: Callable[[str], None]) -> None:
        """`done` is called with each page's id, in the thread."""
        self._context = context
        self._tally = tally
        self._done = done
        self._queue: queue.SimpleQueue[Embedded | None] = queue.SimpleQueue()
        self._ended = False
        self._stopped = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="write", daemon=True)
        self._thread.start()

    def put(self, page: Embedded) -> None:
        """Hand in a page; never blocks."""
        self._queue.put(page)

    def finish(self) -> None:
        """Wait until all that was handed in is written."""
        self._queue.put(None)
        self._thread.join()

    def stop(self) -> None:
        """End after the pages under way; what waits is dropped."""
        self._stopped.set()
        self.finish()

    def _run(self) -> None:
        try:
            while (pages := self._next_pages()) and not self._stopped.is_set():
                clock = Clock()
                write_pages(self._context, pages, clock, self._tally)
                self._tally.spend(clock.seconds)
                for embedded in pages:
                    self._done(embedded.page.page_id)
        except BaseException as error:  # told to the thread that runs the pipeline
            self.error = error

    def _next_pages(self) -> list[Embedded]:
        """All pages at hand, up to a number of words; waits for the first. Empty at the end."""
        pages: list[Embedded] = []
        words = 0
        while words < _WORDS_AT_ONCE and not self._ended:
            try:
                page = self._queue.get(block=not pages)
            except queue.Empty:
                break
            if page is None:
                self._ended = True
            else:
                pages.append(page)
                words += len(page.words)
        return pages


def write_pages(context: Context, pages: Sequence[Embedded], clock: Clock, tally: Tally) -> None:
    """Write the vectors of these pages, then make their words live; pages whose claim was lost are left alone."""
    index = context.live_index()
    held = [page for page in pages if context.catalogue.holds_claim(page.page.page_id, page.page.claim)]
    with clock("upsert"):
        index.upsert([point for page in held for point in points_of(page)])
        write_adapted(context, held)
    for embedded in held:
        page = embedded.page
        with clock("record"):
            finished = context.catalogue.finish_page(page.page_id, page.claim, embedded.draft, index.space.key)
        if not finished:
            context.catalogue.mark_stale(page.page_id)
            continue
        words = len(embedded.words)
        tally.add(words=words, **{"indexed" if words else "empty": 1})
        log.debug("page indexed", document=page.document_id, page=page.page_id, number=page.number, words=words)
        if page.stale:
            with clock("clean"):
                clean_page(context, page.page_id)
