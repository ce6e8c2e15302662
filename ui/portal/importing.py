"""Work on collections that a page may start and must not wait for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ui.details import Detail


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that this portal does to a collection or hands on to workers, or did last."""

    collection: str
    """Name."""
    what: str
    """For example `Adding 3 files`."""
    running: bool
    error: str | None = None
    """Why it stopped, None where it did not."""


class Importer(Protocol):
    """Every call returns at once; pages and documents report their own failures in the catalogue."""

    def add(self, collection: str, inputs: Sequence[str], details: Sequence[Detail] = ()) -> None:
        """Add files, folders or URLs to the collection of that name; `details` are recorded with the documents."""
        ...

    def resume(self, collection: str) -> None:
        """Go on with what waits in the collection of that name."""
        ...

    def retry(self, collection: str) -> None:
        """Try once more what failed in the collection of that name."""
        ...

    def reindex(self, collection: str) -> None:
        """Bring the collection of that name up to the present model and segmenter; it stays searchable."""
        ...

    def remove(self, collection: str) -> None:
        """Delete the collection of that name with all that was derived from it."""
        ...

    def activities(self) -> Sequence[Activity]:
        """What runs and waits, oldest first, and the last thing that ended."""
        ...
