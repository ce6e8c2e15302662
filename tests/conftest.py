"""Tests of one folder share servers, browsers and models, so one process runs them all, the longest folders first."""

from __future__ import annotations

import pytest

_LONGEST_FIRST = ("workers", "portal", "cli", "pipeline", "training")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(item.path.parent.name))
