from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the helpers below are also run as programs of their own

from tiny import SamePool, write_page

from infra.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", processes=1, page_timeout=60.0, index_lock_timeout=20.0, embed_batch=16)


@pytest.fixture
def scans(tmp_path: Path) -> Callable[..., list[Path]]:
    """Writes small pages of text into a folder."""

    def make(*texts: str, folder: str = "scans") -> list[Path]:
        (tmp_path / folder).mkdir(exist_ok=True)
        return [write_page(tmp_path / folder / f"{n}.png", text) for n, text in enumerate(texts, 1)]

    return make


@pytest.fixture
def same_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are prepared in the test's own process, which starts at once."""
    monkeypatch.setattr("workers.pipeline.PagePool", SamePool)
