"""Redis and PostgreSQL of Debian's packages, started for a test on free loopback ports in a folder of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_client


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RedisServer:
    """Keeps what it was told over a kill, as the compose file has it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    @property
    def other_url(self) -> str:
        """Another database of it, in which no worker of ours is at work."""
        return f"redis://127.0.0.1:{self._port}/1"

    @property
    def client(self) -> redis_client.Redis:
        return redis_client.Redis.from_url(self.url, decode_responses=True)

    def start(self) -> None:
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        options += [
            "--appendonly",
            "yes",
            "--appendfsync",
            "everysec",
            "--save",
            "",
            "--maxmemory-policy",
            "noeviction",
        ]
        self._process = subprocess.Popen(
            ["redis-server", *options], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                with self.client as client:
                    client.ping()
                return
            except redis_client.exceptions.RedisError:
                assert time.monotonic() < deadline, "redis-server does not answer"
                time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


def redis_servers() -> Iterator[RedisServer]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    folder = Path(tempfile.mkdtemp(prefix="workers-redis-"))
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


class PostgresServer:
    def __init__(self, programs: Path, folder: Path, user: dict[str, int]) -> None:
        self._programs = programs
        self._folder = folder
        self._user = user
        self._port = free_port()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://manuspect@127.0.0.1:{self._port}/postgres"

    def create(self) -> None:
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", "manuspect", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        settings = f"-p {self._port} -k {self._folder} -h 127.0.0.1 -c fsync=off -c max_connections=60"
        self._run(
            "pg_ctl", "-D", str(self._folder / "data"), "-o", settings, "-w", "-l", str(self._folder / "log"), "start"
        )

    def stop(self, check: bool = True) -> None:
        """At once, as by a kill: open transactions are lost."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop", check=check)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._folder), "LC_ALL": "C"}
        subprocess.run(
            [str(self._programs / program), *arguments],
            cwd=self._folder,
            env=environment,
            check=check,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._user,  # type: ignore[call-overload]
        )


def postgres_servers() -> Iterator[PostgresServer]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed")
    folder, user = Path(tempfile.mkdtemp(prefix="workers-pg-")), {}
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    server = PostgresServer(found[-1].parent, folder, user)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop(check=False)
        shutil.rmtree(folder, ignore_errors=True)
