from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))

from tiny import SamePool, TinyEmbedder, write_page

from ui.cli import run


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def manuspect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """The command line in this process, over a home of its own, with a small model and no page processes."""
    monkeypatch.setenv("MANUSPECT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MANUSPECT_INDEX_LOCK_TIMEOUT", "5")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("search.embedding.load_embedder", lambda settings: TinyEmbedder())
    monkeypatch.setattr("workers.pipeline.PagePool", SamePool)

    def call(*arguments: object) -> Outcome:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        return Outcome(code, *capfd.readouterr())

    return call


@pytest.fixture
def scans(tmp_path: Path) -> list[Path]:
    """Two pages."""
    folder = tmp_path / "scans"
    folder.mkdir()
    return [write_page(folder / f"{n}.png", text) for n, text in enumerate(["alpha beta/gamma", "delta"], 1)]
