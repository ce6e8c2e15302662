"""Every error a person may see, in one tree.

ManuspectError
├── SettingsError            a setting is missing or wrong                       exit 2
├── UsageError               the command or query cannot be understood           exit 2
├── InputError               one input (file, page, URL) cannot be used          recorded, the rest goes on
│   ├── NotFoundError            no such file, page, canvas, or HTTP 404
│   ├── UnsupportedError         a format or feature nobody here reads
│   ├── CorruptError             damaged, truncated, zero-byte, or not what its name says
│   ├── EncryptedError           needs a password
│   ├── LimitError               larger than a page, pixel, byte or time limit
│   ├── BlankImageError          constant-coloured after decoding
│   ├── ForbiddenAddressError    a private or loopback address, refused
│   ├── FetchError               the network or the other server failed
│   ├── WorkerLostError          the process working on it died, for example for want of memory
│   ├── CancelledError           cancelled by a person before it was done
│   └── UnexpectedError          a fault in the program itself
├── BrokerError              the broker of the jobs cannot be reached or is full
├── VectorIndexError         the vector index failed
│   └── IndexBusyError           another process holds the embedded index
├── CatalogueError           the database failed
├── ModelError               a model cannot be loaded or does not fit the index
└── StorageError             the disk or object store failed, for example full

Third-party errors are wrapped with `raise ... from` and keep their data here.
"""

from __future__ import annotations


class ManuspectError(Exception):
    """Base of all errors meant for a person: the message says what happened and what to do."""


class SettingsError(ManuspectError):
    """A setting is missing or wrong."""


class UsageError(ManuspectError):
    """The command or query cannot be understood."""


class InputError(ManuspectError):
    """One input cannot be used.

    `input` is the path or URL as the person gave it; `page` counts from 1, None where the whole input is meant;
    `reason` is a full sentence without the two.
    """

    def __init__(self, reason: str, *, input: str | None = None, page: int | None = None) -> None:
        self.reason = reason
        self.input = input
        self.page = page
        super().__init__(reason)

    def __str__(self) -> str:
        where = self.input or ""
        if self.page is not None:
            where = f"{where}, page {self.page}" if where else f"page {self.page}"
        return f"{where}: {self.reason}" if where else self.reason

    def at(self, *, input: str | None = None, page: int | None = None) -> InputError:
        """The same error, with the place filled in where it was not yet known."""
        self.input = self.input or input
        self.page = page if self.page is None else self.page
        return self


class NotFoundError(InputError):
    """No such file, page, canvas, or the server says 404 or 410."""


class UnsupportedError(InputError):
    """A format or feature that is not read."""


class CorruptError(InputError):
    """Damaged, truncated, zero-byte, or not what its name says."""


class EncryptedError(InputError):
    """The file needs a password."""


class LimitError(InputError):
    """Larger than a page, pixel, byte or time limit."""


class BlankImageError(InputError):
    """Every pixel has the same colour after decoding, a sign of a failed decode."""


class ForbiddenAddressError(InputError):
    """A private or loopback address that the settings do not allow."""


class FetchError(InputError):
    """The network or the other server failed, after retries. `status` is the HTTP status where there was an answer."""

    def __init__(
        self, reason: str, *, input: str | None = None, page: int | None = None, status: int | None = None
    ) -> None:
        super().__init__(reason, input=input, page=page)
        self.status = status


class WorkerLostError(InputError):
    """The process working on it died, for example killed for want of memory."""


class CancelledError(InputError):
    """Cancelled by a person before it was done."""


class UnexpectedError(InputError):
    """A fault in the program itself, met on this input."""


class BrokerError(ManuspectError):
    """The broker of the jobs cannot be reached, or is full."""


class VectorIndexError(ManuspectError):
    """The vector index failed."""


class IndexBusyError(VectorIndexError):
    """Another process holds the embedded index and did not let go in time."""


class CatalogueError(ManuspectError):
    """The database failed."""


class ModelError(ManuspectError):
    """A model cannot be loaded, or does not fit the index."""


class StorageError(ManuspectError):
    """The disk or object store failed, for example because it is full."""
