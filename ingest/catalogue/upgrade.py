"""Bringing the tables up to date when the catalogue is opened."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from infra.errors import CatalogueError

HEAD = "0004"
"""The newest migration. Known here so that opening an up-to-date catalogue needs one query and no Alembic."""

_LOCK = 0x6D616E75
"""PostgreSQL advisory lock: processes that open at once upgrade one after another."""

_NAMING = {"script_location": str(Path(__file__).parent / "migrations")}


def upgrade(engine: Engine) -> None:
    """Apply the migrations that are missing. Safe in several processes at once; `engine` begins write transactions."""
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        _upgrade_locked(connection)


def _upgrade_locked(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    for name, value in _NAMING.items():
        config.set_main_option(name, value.replace("%", "%%"))
    found = _revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise CatalogueError(f"The catalogue was made by a newer Manuspect (revision {found}); upgrade the program.")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    """The migration the database is at, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision
