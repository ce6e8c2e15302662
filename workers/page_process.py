"""What one process of the page pool does: take a task, do it, answer; errors are answers too."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection

from infra.errors import (
    FetchError,
    InputError,
    LimitError,
    ManuspectError,
    StorageError,
    UnexpectedError,
    WorkerLostError,
)
from infra.memory import give_back_freed_memory
from infra.settings import Settings
from ingest.catalogue.records import ClaimedPage
from workers.page_work import Listing, PageWork, Prepared

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class ListTask:
    """List the document at an absolute path or URL."""

    uri: str


Task = ListTask | ClaimedPage


@dataclass(frozen=True, slots=True)
class Refused:
    """The input cannot be used."""

    error: str
    """Name of the error in `infra.errors`."""
    reason: str
    final: bool
    """Trying again cannot help."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The surroundings failed, not the input: the run must stop."""

    error: ManuspectError


Answer = Listing | Prepared | Refused | Broken


def serve(connection: Connection, settings: Settings, parent: int) -> None:
    """Answer tasks until the other side closes. Interrupts are the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    _die_with(parent)
    give_back_freed_memory()
    work = PageWork(settings)
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError):
            return
        try:
            connection.send(answer(work, task))
        except OSError:
            return


def answer(work: PageWork, task: Task) -> Answer:
    """Do the task; what goes wrong is told apart into the input's fault and the surroundings'."""
    try:
        return work.list_document(task.uri) if isinstance(task, ListTask) else work.prepare(task)
    except InputError as error:
        return refused(error)
    except StorageError as error:
        if isinstance(task, ListTask) or not work.can_store():
            return Broken(error)
        return Refused(type(error).__name__, str(error), final=False)  # this page's image alone cannot be stored
    except ManuspectError as error:
        return Broken(error)
    except MemoryError:
        return refused(LimitError("There is not enough memory for it."))
    except Exception as error:
        return refused(UnexpectedError(f"{type(error).__name__}: {error}"))


def refused(error: InputError) -> Refused:
    """The answer for an unusable input. Only what may pass, as a busy server, is worth another try."""
    passing = isinstance(error, (FetchError, UnexpectedError, WorkerLostError))
    return Refused(type(error).__name__, error.reason, final=not passing)


def _die_with(parent: int) -> None:
    """Ask Linux to kill this process when its parent dies; elsewhere it ends at its next answer."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
