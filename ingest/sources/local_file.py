"""A local file as an input: found, regular, within its limits, and known by its digest."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra.errors import LimitError, NotFoundError, UnsupportedError
from infra.settings import Settings
from ingest.sources.detect import HEAD_BYTES


def is_url(uri: str) -> bool:
    """Whether the input is fetched over HTTP."""
    return uri[:8].lower().startswith(("http://", "https://"))


def local_path(uri: str) -> str:
    """Absolute path of a local input, given as a path or a file: URL; the document's identity, so links stay links."""
    if uri[:7].lower() == "file://":
        uri = unquote(urlsplit(uri).path)
    return os.path.abspath(os.path.expanduser(uri))  # noqa: PTH100, PTH111 - pathlib's absolute() keeps `..`


def check_file(path: str, settings: Settings) -> int:
    """Size in bytes of a regular file within `max_file_bytes`.

    Raises NotFoundError where there is none or it may not be looked at, UnsupportedError for a pipe, device or folder,
    LimitError for one too large.
    """
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as error:
        raise _unopened(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
        raise UnsupportedError(f"It is {kind}, not a file.", input=path)
    if status.st_size > settings.max_file_bytes:
        raise LimitError(
            f"The file has {status.st_size:,} bytes; {settings.max_file_bytes:,} are allowed"
            " (MANUSPECT_MAX_FILE_BYTES). Split it, or raise the limit.",
            input=path,
        )
    return status.st_size


def head(path: str) -> bytes:
    """The first HEAD_BYTES bytes; NotFoundError where the file cannot be opened."""
    try:
        with Path(path).open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        raise _unopened(path, error) from error


def digest(path: str) -> str:
    """SHA-256 of the file's bytes, hexadecimal, read in pieces."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unopened(path, error) from error


def _unopened(path: str, error: OSError | ValueError) -> NotFoundError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        reason = "There is no such file or folder. Check the spelling."
    elif isinstance(error, PermissionError):
        reason = "The file may not be read: permission denied. Change its permissions."
    else:
        reason = f"The file cannot be opened: {getattr(error, 'strerror', None) or error}."
    return NotFoundError(reason, input=path)
