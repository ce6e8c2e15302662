"""Tests of one folder share servers, browsers and models, so one process runs them all, the longest folders first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

_LEARNING = ("adaptation", "handwriting", "training")
_LONGEST_FIRST = ("workers", "portal", "cli", "pipeline", "training")


class FolderScheduling(LoadScopeScheduling):
    """A folder's tests are one piece of work."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]


@pytest.fixture(scope="module", autouse=True)
def one_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where models learn: operators with several threads crawl where other processes keep the cores busy."""
    if request.path.parent.name not in _LEARNING:
        yield
        return
    import torch

    former = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(former)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FolderScheduling:
    return FolderScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))
