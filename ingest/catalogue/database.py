"""One database, SQLite or PostgreSQL: connections, transactions, and errors made readable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, Result, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from infra.errors import CatalogueError, SettingsError, StorageError
from ingest.catalogue.upgrade import upgrade

_MAPPED_BYTES = 2 << 30
"""Of a SQLite file, read where the system keeps it instead of being copied page by page: the words of a query are
spread over all of it."""
_BUSY_SECONDS = 60.0
"""How long a SQLite connection waits for another one's write."""


class Database:
    """Opens the database, brings its tables up to date, and hands out transactions. Threads may share it."""

    def __init__(self, url: str) -> None:
        self.url = _usable_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            _make_folder(self.url)
        self._readers = self._engine()
        self._writers = self._readers.execution_options(manuspect_write=True)
        try:
            upgrade(self._writers.execution_options(manuspect_upgrade=True))
        except SQLAlchemyError as error:
            raise self._readable(error) from error
        finally:
            self.close()  # connections that upgraded check no references

    def _engine(self) -> Engine:
        if self.is_sqlite:
            engine = create_engine(self.url, connect_args={"timeout": _BUSY_SECONDS})
            event.listen(engine, "connect", _set_up_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        return create_engine(self.url, pool_pre_ping=True, pool_recycle=1800)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading: one consistent view on SQLite."""
        with self._session(self._readers) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: everything in it happens, or nothing. Raises CatalogueError."""
        with self._session(self._writers) as session:
            yield session

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        try:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session
        except SQLAlchemyError as error:
            raise self._readable(error) from error

    def _readable(self, error: SQLAlchemyError) -> CatalogueError:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        where = self.url.render_as_string(hide_password=True)
        return CatalogueError(f"The catalogue {where} failed: {str(cause).strip().splitlines()[0]}.")

    def close(self) -> None:
        """Let go of all connections; the next use opens new ones."""
        self._readers.dispose()


def rows_touched(result: Result[Any]) -> int:
    """How many rows an update changed."""
    assert isinstance(result, CursorResult)
    return result.rowcount


def _usable_url(url: str) -> URL:
    """The URL with the driver that is installed."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError(f"MANUSPECT_DATABASE_URL: {error}") from error
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise SettingsError(f"MANUSPECT_DATABASE_URL: {parsed.drivername} is neither sqlite nor postgresql.")
    return parsed


def _make_folder(url: URL) -> None:
    if url.database is None:
        return
    folder = Path(url.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}. Choose another MANUSPECT_HOME.") from error


def _set_up_sqlite(connection: Any, _: object) -> None:
    """Many readers beside one writer (WAL), references checked, and transactions begun by us alone."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the write lock at once: a transaction that reads first could otherwise fail at its first write.

    While tables are made anew by a migration, rows refer to what is not there for a moment.
    """
    options = connection.get_execution_options()
    if options.get("manuspect_upgrade", False):
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("manuspect_write", False) else "BEGIN")
