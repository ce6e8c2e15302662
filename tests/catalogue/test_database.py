"""Opening a database: tables made, upgraded, agreed on, by one process or many."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, text

import ingest.catalogue.migrations
from infra.errors import CatalogueError, SettingsError, StorageError
from ingest.catalogue import Catalogue
from ingest.catalogue.database import Database
from ingest.catalogue.tables import Base
from ingest.catalogue.upgrade import HEAD
from ingest.sources.source import PageRef, SourceInfo


def _engine(url: str):  # type: ignore[no-untyped-def]
    return create_engine(url.replace("postgresql:", "postgresql+psycopg:"))


def test_migrations_make_the_tables_of_the_models(url: str) -> None:
    Database(url).close()
    engine = _engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_the_known_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(ingest.catalogue.migrations.__path__[0]).get_current_head() == HEAD


def _open_and_write(url: str, name: str) -> None:
    with Catalogue(url) as catalogue:
        for number in range(5):
            catalogue.add_collection(f"{name}-{number}")
            catalogue.add_collection(f"shared-{number}")


def test_many_processes_may_open_a_new_database_at_once(url: str) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_open_and_write, args=(url, str(n))) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(200)
    assert [process.exitcode for process in processes] == [0] * 3
    with Catalogue(url) as catalogue:
        assert len(catalogue.collections()) == 20


def test_a_database_of_a_newer_program_is_refused(url: str) -> None:
    Database(url).close()
    engine = _engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(CatalogueError, match="newer Manuspect"):
        Catalogue(url)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite3"
    path.write_bytes(b"no database at all, but long enough to be looked at" * 30)
    with pytest.raises(CatalogueError, match=r"catalogue\.sqlite3.*not a database"):
        Catalogue(f"sqlite:///{path}")


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="MANUSPECT_HOME"):
        Catalogue(f"sqlite:///{tmp_path}/file/catalogue.sqlite3")


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    with pytest.raises(CatalogueError) as caught:
        Catalogue("postgresql://user:secret@127.0.0.1:1/x")
    assert "127.0.0.1:1" in str(caught.value) and "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="MANUSPECT_DATABASE_URL"):
        Catalogue(url)


def test_status_counts_no_word_one_by_one(tmp_path: Path) -> None:
    with Catalogue(f"sqlite:///{tmp_path / 'c.sqlite3'}") as catalogue:
        collection = catalogue.add_collection("notes").id
        info = SourceInfo("/a", "pdf", "a", "d")
        catalogue.list_document(collection, info, [PageRef(1, "1")], base_url="http://x")
        asked: list[str] = []
        event.listen(catalogue._db._readers, "before_cursor_execute", lambda *args: asked.append(args[2]))
        catalogue.status()
    assert asked and not [statement for statement in asked if "FROM words" in statement]


def test_every_migration_keeps_what_is_there(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first tables on, with rows in them."""
    from alembic import command

    first = lambda config, revision: upgrade_to(config, "0001")  # noqa: E731
    upgrade_to = command.upgrade
    monkeypatch.setattr(command, "upgrade", first)
    Database(url).close()
    monkeypatch.undo()
    engine = _engine(url)
    with engine.begin() as connection:
        for statement in _ROWS_OF_0001:
            connection.execute(text(statement))
    engine.dispose()
    with Catalogue(url) as catalogue:
        [status] = catalogue.status()
        assert (status.documents, status.pages, status.words) == (1, 1, 1)
        [page] = catalogue.pages("d")
        assert [word.id for word in catalogue.page_words(page.id)] == ["w"]
        with pytest.raises(CatalogueError), catalogue._db.write() as session:
            session.execute(text("UPDATE words SET page_id = 'nowhere'"))


_ROWS_OF_0001 = (
    "INSERT INTO collections (id, name, paused, groups, created) VALUES ('c', 'n', false, '[]', '2026-01-01 00:00:00')",
    "INSERT INTO documents (id, collection_id, uri, kind, label, digest, details, state, refresh, added, updated)"
    " VALUES ('d', 'c', '/a', 'pdf', 'a', 'x', '{}', 'listed', false, '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    "INSERT INTO pages (id, document_id, number, label, canvas, digest, state, attempts, claim, generation, stale,"
    " words, updated) VALUES ('p', 'd', 1, '1', 'u', 'x', 'indexed', 0, 1, 1, false, 1, '2026-01-01 00:00:00')",
    "INSERT INTO words (id, page_id, generation, line, position, span, x, y, w, h, score)"
    " VALUES ('w', 'p', 1, 0, 0, 1, 0, 0, 5, 5, 1.0)",
    "INSERT INTO drafts (page_id, claim, content) VALUES ('p', 1, '{}')",
)
