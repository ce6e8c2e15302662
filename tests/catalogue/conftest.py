from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from ingest.catalogue import Catalogue


def _server_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _demote() -> tuple[int, int] | None:
    """PostgreSQL refuses to run as root; any other user will do."""
    if os.getuid() != 0:
        return None
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        return None
    return user.pw_uid, user.pw_gid


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a throw-away PostgreSQL server, of Debian's package."""
    programs = _server_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    ids = _demote()
    if os.getuid() == 0 and ids is None:
        pytest.skip("PostgreSQL needs an unprivileged user")
    folder = Path(tempfile.mkdtemp(prefix="catalogue-pg-"))
    user: dict[str, int] = {}
    if ids is not None:
        os.chown(folder, *ids)
        user = {"user": ids[0], "group": ids[1]}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C"}
    options = {"cwd": folder, "env": environment, "check": True, "stdout": subprocess.DEVNULL}
    data = folder / "data"
    try:
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "manuspect", "-A", "trust", "-E", "UTF8", "--no-sync"],
            **options,  # type: ignore[call-overload]
            **user,
        )
        settings = f"-p {port} -k {folder} -h 127.0.0.1 -c fsync=off"
        subprocess.run(
            [programs / "pg_ctl", "-D", data, "-o", settings, "-w", "-l", folder / "log", "start"],
            **options,  # type: ignore[call-overload]
            **user,
        )
        yield f"postgresql://manuspect@127.0.0.1:{port}"
    finally:
        subprocess.run(
            [programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
            **{**options, "check": False},  # type: ignore[call-overload]
            **user,
        )
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'home' / 'catalogue.sqlite3'}"
        return
    server = request.getfixturevalue("postgres")
    name = f"t{uuid4().hex}"
    admin = create_engine(server.replace("postgresql:", "postgresql+psycopg:") + "/postgres")
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    yield f"{server}/{name}"


@pytest.fixture
def catalogue(url: str) -> Iterator[Catalogue]:
    with Catalogue(url) as opened:
        yield opened
