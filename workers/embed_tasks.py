"""What a worker of the queue `gpu` does with an id: cut out a page's words, embed them among those of others, write.

Each task is a thread that reads its page and then waits; one model and one writer serve them all, so small pages fill
batches together and pages are decoded while the model works. A page over which a process died is done alone, so that
what it does to the process it does to itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from infra.errors import CatalogueError, CorruptError, InputError, ManuspectError, StorageError, UnexpectedError
from ingest.catalogue.claims import MAX_ATTEMPTS
from ingest.catalogue.queued import QueuedWork
from ingest.catalogue.records import ClaimedPage, Draft
from ingest.page_images import PageImageReader
from workers.context import Context
from workers.embed_stage import EmbedStage
from workers.page_process import refused
from workers.page_work import Clock, Crops, Prepared, cut
from workers.persist import persist
from workers.report import Tally
from workers.write_stage import WriteStage

log = structlog.get_logger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
_POLL = 0.2


class EmbedTasks:
    """One a process; called from many threads."""

    def __init__(self, context: Context, worker: str, tally: Tally, patience: float) -> None:
        """`patience`: seconds to go on trying while disk, index or model fail, before a page is given back."""
        self._context = context
        self._queued = QueuedWork(context.catalogue)
        self._worker = worker
        self._tally = tally
        self._patience = patience
        self._turns = Turns()
        self._lock = threading.Lock()
        self._line: _Line | None = None

    def embed_page(self, page_id: str, claim: int) -> bool:
        """Embed the drafted page held by that claim. False where it was not there to be done, or failed."""
        adopted = persist(lambda: self._queued.adopt(page_id, claim, self._worker))
        if adopted is None:
            return False
        page, draft, begun = adopted
        with structlog.contextvars.bound_contextvars(document=page.document_id, page=page.page_id):
            return self._embed(page, draft, begun)

    def close(self) -> None:
        """Finish what was handed in."""
        with self._lock:
            line, self._line = self._line, None
        if line is not None:
            line.finish()

    def _embed(self, page: ClaimedPage, draft: Draft, begun: int) -> bool:
        deadline, pause = time.monotonic() + self._patience, _FIRST_PAUSE
        while True:
            with self._turns.take(alone=begun > 0):
                if not persist(lambda: self._queued.begin_embedding(page.page_id, page.claim)):
                    return False
                begun += 1
                error = self._try(page, draft)
                if error is None:
                    return True
                if not isinstance(error, ManuspectError) and begun >= MAX_ATTEMPTS:
                    error = UnexpectedError(f"{type(error).__name__}: {error}")
                if isinstance(error, InputError):
                    self._fail(page, error)
                    return False
                if isinstance(error, ManuspectError):
                    persist(lambda: self._queued.embedding_was_stopped(page.page_id, page.claim))
                    begun -= 1
            log.warning("embedding failed", reason=str(error), again_in=pause)
            if time.monotonic() + pause > deadline:
                persist(lambda: self._queued.let_go(page.page_id, page.claim))
                return False
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _try(self, page: ClaimedPage, draft: Draft) -> Exception | None:
        try:
            prepared = self._cut_out(draft)
            self._through_line(page, prepared)
        except Exception as error:
            return error
        return None

    def _cut_out(self, draft: Draft) -> Prepared:
        """The words' crops from the stored image. Raises InputError where it is not what was segmented."""
        clock = Clock()
        with clock("decode"):
            try:
                pixels = PageImageReader(self._context.files, draft.image).whole()
            except StorageError as error:
                raise CorruptError(f"The stored image cannot be read: {error}.") from error
        if (pixels.shape[1], pixels.shape[0]) != draft.image_size:
            raise CorruptError("The stored image is not the one that was segmented.")
        with clock("crop"):
            crops = Crops.pack(cut(pixels, draft.words, draft.canvas_size))
        self._tally.spend(clock.seconds)
        return Prepared(draft, crops, clock.seconds)

    def _through_line(self, page: ClaimedPage, prepared: Prepared) -> None:
        with self._lock:
            if self._line is not None and self._line.error is not None:
                self._line.stop()
                self._line = None
            if self._line is None:
                self._line = _Line(self._context, self._tally)
            line = self._line
        line.do(page, prepared)

    def _fail(self, page: ClaimedPage, error: InputError) -> None:
        """The page is read from its source again, until its attempts are used up."""
        answer = refused(error)
        final = isinstance(error, UnexpectedError)
        state = persist(
            lambda: self._context.catalogue.fail_page(
                page.page_id, page.claim, answer.error, answer.reason, final=final
            )
        )
        log.warning("page failed", number=page.number, error=answer.error, reason=answer.reason, state=str(state))


class _Line:
    """A model and a writer in their threads; used until one of them fails."""

    def __init__(self, context: Context, tally: Tally) -> None:
        self._waiting: dict[str, threading.Event] = {}
        self._writer = WriteStage(context, tally, self._done)
        batch = context.settings.embed_batch
        self._embedder = EmbedStage(lambda: context.embedder, batch, tally, self._writer.put)

    @property
    def error(self) -> BaseException | None:
        """What ended it."""
        return self._writer.error or self._embedder.error

    def do(self, page: ClaimedPage, prepared: Prepared) -> None:
        """Hand the page in and wait until it is written. Raises what ended the line."""
        done = self._waiting.setdefault(page.page_id, threading.Event())
        self._embedder.put(page, prepared)
        try:
            while not done.wait(_POLL):
                if (error := self.error) is not None:
                    raise error if isinstance(error, Exception) else CatalogueError(str(error))
        finally:
            self._waiting.pop(page.page_id, None)

    def finish(self) -> None:
        """Wait for what was handed in."""
        self._embedder.finish()
        self._writer.finish()

    def stop(self) -> None:
        """End the threads that did not fail."""
        self._embedder.stop()
        self._writer.stop()

    def _done(self, page_id: str) -> None:
        event = self._waiting.get(page_id)
        if event is not None:
            event.set()


class Turns:
    """Many at a time, or one alone; who waits to be alone is not overtaken."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._together = 0
        self._alone = False
        self._waiting_alone = 0

    @contextmanager
    def take(self, *, alone: bool) -> Iterator[None]:
        """A turn, waited for."""
        with self._changed:
            self._wait_alone() if alone else self._wait_together()
        try:
            yield
        finally:
            with self._changed:
                if alone:
                    self._alone = False
                else:
                    self._together -= 1
                self._changed.notify_all()

    def _wait_alone(self) -> None:
        self._waiting_alone += 1
        self._changed.wait_for(lambda: not self._alone and not self._together)
        self._waiting_alone -= 1
        self._alone = True

    def _wait_together(self) -> None:
        self._changed.wait_for(lambda: not self._alone and not self._waiting_alone)
        self._together += 1
