"""The file store: page images and exports under keys of our own making, in a local folder or any fsspec URL."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import unquote, urlsplit

import fsspec

from infra.errors import NotFoundError, SettingsError, StorageError
from infra.file_cache import FileCache
from infra.settings import Settings

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_PART = ".part"
"""Unfinished files are called `.<random>.part`, which no key can be."""
_PUT_IS_ATOMIC = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "memory"}


class FileStore:
    """Whole files by key, written once and read often; safe to pickle, and to share between threads and processes.

    A key is made of ids only, parts of `A-Za-z0-9._-` joined by `/`; anything else is a ValueError, so no name from an
    input ever becomes part of a path. A file appears complete or not at all. Raises StorageError where the disk or
    object store fails, NotFoundError for a key that is not there.
    """

    def __init__(self, url: str, *, cache_dir: Path | None = None, cache_bytes: int = 4 << 30) -> None:
        """`url`: a path, a file: URL or any fsspec URL. Remote files are kept in `cache_dir`, up to `cache_bytes`."""
        self.url = url
        self._cache_dir = cache_dir
        self._cache_bytes = cache_bytes
        self._folder = _local_folder(url)

    def put_file(self, local: Path, key: str) -> None:
        """Copy a local file into the store, replacing what was there."""
        with self.writing(key) as part, self._storing(key):
            shutil.copyfile(local, part)

    def put_bytes(self, data: bytes, key: str) -> None:
        """Store bytes, replacing what was there."""
        with self.writing(key) as part, self._storing(key):
            part.write_bytes(data)

    @contextmanager
    def writing(self, key: str) -> Iterator[Path]:
        """A local path to write to; it becomes the key's file when the block ends well, and vanishes if it does not."""
        _check(key)
        with self._storing(key):
            folder = self._folder / Path(key).parent if self._folder else Path(tempfile.gettempdir())
            folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{uuid.uuid4().hex}{_PART}"
        try:
            yield part
            with self._storing(key):
                self._publish(part, key)
        finally:
            part.unlink(missing_ok=True)

    def open(self, key: str) -> BinaryIO:
        """The file's bytes, to be closed by the caller."""
        with self._finding(key):
            if self._folder:
                return (self._folder / key).open("rb")
            return cast(BinaryIO, self._remote.open(self._address(key), "rb"))

    def local_path(self, key: str) -> Path:
        """A local path of the file: itself in a local store, else a copy that stays for at least a minute."""
        _check(key)
        if self._folder:
            path = self._folder / key
            if not path.is_file():
                raise _missing(key)
            return path
        with self._finding(key):
            address = self._address(key)
            version = str(self._remote.ukey(address))
            return self._cache.path(
                f"{self.url}\n{key}\n{version}", lambda part: self._remote.get_file(address, str(part))
            )

    def exists(self, key: str) -> bool:
        """Whether the key has a file."""
        _check(key)
        with self._storing(key):
            return (self._folder / key).is_file() if self._folder else bool(self._remote.isfile(self._address(key)))

    def delete(self, key: str) -> None:
        """Remove the file; fine where there is none."""
        _check(key)
        with self._storing(key):
            if self._folder:
                (self._folder / key).unlink(missing_ok=True)
            elif self._remote.isfile(self._address(key)):
                self._remote.rm_file(self._address(key))

    def delete_prefix(self, prefix: str) -> None:
        """Remove every file whose key begins with `prefix/`; fine where there is none."""
        _check(prefix)
        with self._storing(prefix):
            if self._folder:
                folder = self._folder / prefix
                if folder.is_dir():
                    shutil.rmtree(folder)
            elif self._remote.isdir(self._address(prefix)):
                self._remote.rm(self._address(prefix), recursive=True)

    def list(self, prefix: str = "") -> Iterator[str]:
        """All keys, or those beginning with `prefix/`, sorted; unfinished files are not among them."""
        if prefix:
            _check(prefix)
        with self._storing(prefix):
            if self._folder:
                top = self._folder / prefix
                found = [path.relative_to(self._folder).as_posix() for path in top.rglob("*") if path.is_file()]
            else:
                base = self._address("")
                found = [path[len(base) :].lstrip("/") for path in self._remote.find(self._address(prefix))]
        yield from sorted(key for key in found if _KEY.fullmatch(key))

    def sweep(self, older_than: float = 86_400.0) -> int:
        """Remove what killed writers left behind in a local store more than `older_than` seconds ago; how many."""
        swept = 0
        for part in self._folder.rglob(f".*{_PART}") if self._folder else ():
            with self._storing(part.name):
                if part.stat().st_mtime < time.time() - older_than:
                    part.unlink(missing_ok=True)
                    swept += 1
        return swept

    def _publish(self, part: Path, key: str) -> None:
        if self._folder:
            with part.open("rb") as written:
                os.fsync(written.fileno())
            part.replace(self._folder / key)
            return
        address = self._address(key)
        if _PUT_IS_ATOMIC.intersection(_names(self._remote)):
            self._remote.put_file(str(part), address)
            return
        unfinished = f"{address}.{uuid.uuid4().hex}{_PART}"
        self._remote.makedirs(address.rsplit("/", 1)[0], exist_ok=True)
        self._remote.put_file(str(part), unfinished)
        self._remote.mv(unfinished, address)

    def _address(self, key: str) -> str:
        root = str(self._remote._strip_protocol(self.url)).rstrip("/")
        return f"{root}/{key}" if key else root

    @cached_property
    def _remote(self) -> Any:
        try:
            return fsspec.core.url_to_fs(self.url)[0]
        except (ImportError, ValueError) as error:
            raise SettingsError(f"MANUSPECT_FILES_URL: {self.url} cannot be opened: {error}") from error

    @cached_property
    def _cache(self) -> FileCache:
        folder = self._cache_dir or Path(tempfile.gettempdir()) / f"manuspect-files-{os.getuid()}"
        return FileCache(folder, self._cache_bytes)

    def __getstate__(self) -> dict[str, object]:
        """Without the connection, which another process must open for itself."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_remote", "_cache")}

    @contextmanager
    def _storing(self, key: str) -> Iterator[None]:
        """What goes wrong while storing is a StorageError that says what to do."""
        try:
            yield
        except (StorageError, NotFoundError, SettingsError):
            raise
        except Exception as error:  # object stores bring their own exception trees
            raise storage_error(self.url, key, error) from error

    @contextmanager
    def _finding(self, key: str) -> Iterator[None]:
        _check(key)
        with self._storing(key):
            try:
                yield
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
                raise _missing(key) from error


def storage_error(place: str, key: str, error: BaseException) -> StorageError:
    """The error of a failed write or read, with the remedy where the disk is full."""
    text = str(error)
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or "No space left" in text or "quota exceeded" in text:
        return StorageError(f"The file store {place} is full (writing {key}). Free some space and run again.")
    return StorageError(f"The file store {place} failed at {key}: {text or type(error).__name__}")


def _check(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key of the file store: {key!r}")


def _missing(key: str) -> NotFoundError:
    return NotFoundError("The file store has no such file. Ingest the document again.", input=key)


def _names(filesystem: Any) -> set[str]:
    protocol = filesystem.protocol
    return {protocol} if isinstance(protocol, str) else set(protocol)


def _local_folder(url: str) -> Path | None:
    if url.startswith("file://"):
        return Path(unquote(urlsplit(url).path))
    return None if "://" in url else Path(url).absolute()


def open_files(settings: Settings) -> FileStore:
    """The store of the page images; copies of remote files lie in the home."""
    return FileStore(settings.files_root, cache_dir=settings.home / "cache")
