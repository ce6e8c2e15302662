"""What `manuspect doctor` looks at. Every check is independent: one that fails keeps no other from being made."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from pydantic import SecretStr

from infra.errors import ManuspectError
from infra.settings import PREFIX, Settings
from workers.context import Context

_LIBRARIES = ("torch", "open_clip_torch", "pyvips", "opencv-python-headless", "pikepdf", "qdrant-edge-py", "sqlalchemy")
_LEAST_FREE = 5 << 30


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    ok: bool | None
    """None: for information only."""
    detail: str


class _Trouble(Exception):
    """A check that did not pass; the text says what to do."""


def all_checks(settings: Settings) -> Iterator[Check]:
    """Every check, made one after the other."""
    with Context(settings) as context:
        yield _run("python", _python)
        for library in _LIBRARIES:
            yield _run("library", lambda library=library: _library(library))  # type: ignore[misc]
        yield _run("poppler", _poppler)
        yield _run("disk", lambda: _disk(settings))
        yield _run("database", lambda: _database(context))
        yield _run("files", lambda: _files(context))
        yield _run("model", lambda: _model(context))
        yield _run("index", lambda: _index(context))
        for name in type(settings).model_fields:
            yield Check("setting", None, f"{PREFIX}{name.upper()}={_shown(getattr(settings, name))}")


def _run(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except (_Trouble, ManuspectError) as error:
        return Check(name, False, str(error))
    except Exception as error:  # whatever is broken here is just what was asked for
        return Check(name, False, f"{type(error).__name__}: {error}")


def _python() -> str:
    return f"{platform.python_version()} on {platform.platform()}"


def _library(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError as error:
        raise _Trouble(f"{name} is not installed; run `make` or `pip install -e .` again.") from error


def _poppler() -> str:
    program = shutil.which("pdftoppm")
    if program is None:
        raise _Trouble("pdftoppm is missing, so PDFs cannot be rendered; install poppler-utils.")
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False, timeout=20)  # noqa: S603
    return (said.stderr or said.stdout).splitlines()[0]


def _disk(settings: Settings) -> str:
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    text = f"{free / (1 << 30):.1f} GiB free at {settings.home.absolute()}"
    if free < _LEAST_FREE:
        raise _Trouble(f"{text}; a thousand pages take about a gigabyte.")
    return text


def _database(context: Context) -> str:
    counts = context.catalogue.status()
    pages, words = sum(one.pages for one in counts), sum(one.words for one in counts)
    return f"{len(counts)} collections, {pages} pages, {words} words"


def _files(context: Context) -> str:
    key = "doctor/check"
    context.files.put_bytes(b"check", key)
    with context.files.open(key) as file:
        same = file.read() == b"check"
    context.files.delete_prefix("doctor")
    if not same:
        raise _Trouble(f"{context.settings.files_root} gives back other bytes than were written.")
    return f"{context.settings.files_root} can be written and read"


def _model(context: Context) -> str:
    embedder = context.embedder
    placement = getattr(embedder, "placement", None)
    where = f" on {placement.device}, {placement.precision}: {placement.reason}" if placement is not None else ""
    return f"{embedder.space.key}{where}"


def _index(context: Context) -> str:
    live = context.catalogue.live_space()
    if live is None:
        return "nothing is indexed yet"
    words = sum(one.words for one in context.catalogue.status())
    vectors = next(index for index in context.all_indexes() if index.space.key == live.key).count()
    text = f"{vectors} vectors of {live.key}"
    if vectors < words:
        raise _Trouble(f"{text}, but the catalogue has {words} words; run `manuspect reindex`.")
    return text


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(set)"
    return "(unset)" if value is None else str(value)
