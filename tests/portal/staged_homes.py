"""The sample collection in the states that are photographed, and the staged portal over each."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from oidc_provider import CLIENT, SECRET, providing
from portal_server import free_port, wait_until_healthy
from staged_portal import PROGRESS

from infra.settings import load_settings
from ingest.catalogue import Catalogue
from ingest.catalogue.adaptations import Adaptations
from ingest.catalogue.schedules import Schedules
from ingest.catalogue.tables import AdaptationState

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
LETTERS, BOOKS = "Wrenhaven letters", "Commonplace books and accounts"
_INPUTS = {LETTERS: "wrenhaven-letters.pdf", PROGRESS: "marigold-log.tif", BOOKS: "commonplace/manifest.json"}
_YEARS = {LETTERS: 1823, PROGRESS: 1811, BOOKS: 1790}


@contextmanager
def serving(name: str, folder: Path) -> Iterator[str]:
    """The staged portal over the home of that name; gives its address."""
    home, port = folder / name, free_port()
    shutil.rmtree(home, ignore_errors=True)
    HOUSES[name](folder, home)
    with ExitStack() as stack:
        variables = _environment(home)
        if name == "workers":
            variables |= {"MANUSPECT_BROKER_URL": "redis://127.0.0.1:1/0", "MANUSPECT_MAX_UPLOAD_MB": "1"}
        if name == "guarded":
            issuer = stack.enter_context(providing(free_port()))
            variables |= {
                "MANUSPECT_OIDC_METADATA_URL": f"{issuer}/.well-known/openid-configuration",
                "MANUSPECT_OIDC_CLIENT_ID": CLIENT, "MANUSPECT_OIDC_CLIENT_SECRET": SECRET,
                "MANUSPECT_COOKIE_SECRET": "a secret that signs cookies in photographs only",
            }  # fmt: skip
        log = folder / f"{name}.log"
        output = stack.enter_context(log.open("wb"))
        command = [sys.executable, str(Path(__file__).with_name("staged_portal.py")), str(home), str(port)]
        process = subprocess.Popen(command, env=variables, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        wait_until_healthy(f"http://127.0.0.1:{port}/healthz", process, log)
        yield f"http://localhost:{port}"


def _sample(folder: Path, home: Path) -> None:
    """A copy of the sample collection, which is ingested once."""
    source = folder / "sample"
    for name, file in _INPUTS.items():
        if not (source / name).exists():
            command = [sys.executable, "-m", "ui.cli", "ingest", str(SAMPLES / file), "-c", name]
            command += ["-m", f"year={_YEARS[name]}"]
            subprocess.run(command, check=True, env=_environment(source), cwd=ROOT)
            (source / name).touch()
    shutil.copytree(source, home)


def _staged(folder: Path, home: Path) -> None:
    """In the middle of things: pages that wait, inputs that failed, schedules and adaptations."""
    _sample(folder, home)
    with Catalogue(load_settings(home=home).catalogue_url) as catalogue:
        letters, log, books = (catalogue.add_collection(name).id for name in (LETTERS, PROGRESS, BOOKS))
        catalogue.fail_document(
            books, "/srv/scans/AN_MC_ET_LXXV_1203/a-torn-file-with-a-name-that-nobody-would-choose.pdf",
            "CorruptError", "The file ends too early: it is damaged or was not copied to its end.",
        )  # fmt: skip
        catalogue.fail_document(books, "https://example.org/ms-12/manifest.json", "FetchError", "It answered 503.")
        schedules = Schedules(catalogue)
        for name, error in (("clean", None), ("optimize", "The index is busy."), ("watch", None)):
            schedules.begin(name, 1, "worker", lambda _: False)
            schedules.end(name, 1, "worker", error)
        adaptations = Adaptations(catalogue)
        adaptations.tell(adaptations.ask(letters, 1200, {}), "learning, round 2", 0.45)
        adaptations.end(adaptations.ask(books, 1500, {}), AdaptationState.REFUSED, "search by string is worse: -0.021")
        schedules.watch(log, "/srv/scans/incoming", {})
        schedules.watch(books, "https://example.org/iiif/collection/registers.json", {})
    with sqlite3.connect(home / "catalogue.sqlite3") as database:
        of_log = "document_id IN (SELECT id FROM documents WHERE collection_id = ?)"
        database.execute(f"UPDATE pages SET state = 'waiting' WHERE number > 2 AND {of_log}", (log,))


def _guarded(folder: Path, home: Path) -> None:
    """With a collection that gardeners alone may see."""
    _sample(folder, home)
    with Catalogue(load_settings(home=home).catalogue_url) as catalogue:
        catalogue.set_groups(catalogue.add_collection(PROGRESS).id, ["gardeners"])


def _empty(_folder: Path, home: Path) -> None:
    """Nothing in it."""
    home.mkdir()


HOUSES: dict[str, Callable[[Path, Path], None]] = {
    "house": _staged, "workers": _staged, "guarded": _guarded, "empty": _empty,
}  # fmt: skip


def _environment(home: Path) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("MANUSPECT_")}
    return {**others, "MANUSPECT_HOME": str(home)}
