"""Who may see what: the one rule, used by the image service, the manifests, content search and the portal."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from starlette.requests import HTTPConnection


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever asks."""

    name: str = ""
    """How the page greets them; empty where nobody signs in."""
    groups: frozenset[str] = frozenset()
    admitted: bool = True
    """False where a sign-in is required and has not happened."""
    manager: bool = True
    """May add, remove and re-index."""

    def may_see(self, collection_groups: Collection[str]) -> bool:
        """Whether a collection limited to those groups is visible; no groups: everyone admitted may see it."""
        return self.admitted and (not collection_groups or not self.groups.isdisjoint(collection_groups))


Identify = Callable[[HTTPConnection], Viewer]
"""Tells who sent a request. Must not trust anything the sender could have made up."""


def anyone(_connection: HTTPConnection) -> Viewer:
    """Where no sign-in is configured: everyone is admitted and belongs to no group."""
    return Viewer()
