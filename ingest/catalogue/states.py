"""What state a document, a page or an embedding space can be in."""

from __future__ import annotations

import enum


class PageState(enum.StrEnum):
    """A page is in one of these at a time; each transition is one transaction."""

    WAITING = "waiting"
    RUNNING = "running"
    INDEXED = "indexed"
    EMPTY = "empty"
    FAILED = "failed"
    REMOVING = "removing"
    """No longer in its document; hidden from queries until everything of it is deleted."""


class DocumentState(enum.StrEnum):
    """LISTED: its pages are known. FAILED: it could not be opened or listed. REMOVING: being deleted, page by page."""

    LISTED = "listed"
    FAILED = "failed"
    REMOVING = "removing"


class SpaceState(enum.StrEnum):
    """LIVE answers queries; BUILDING is filled beside it; RETIRED waits for its index to be deleted.

    ADAPTED answers for one collection, in the stead of the live one, which keeps that collection's words too.
    """

    BUILDING = "building"
    LIVE = "live"
    RETIRED = "retired"
    ADAPTED = "adapted"


class AdaptationState(enum.StrEnum):
    """WAITING, LEARNING, then REFUSED, or BUILDING while the collection is embedded anew, then LIVE until RETIRED.

    FAILED: it ended with an error; one that was killed stays LEARNING or BUILDING until it is carried on.
    """

    WAITING = "waiting"
    LEARNING = "learning"
    REFUSED = "refused"
    BUILDING = "building"
    LIVE = "live"
    RETIRED = "retired"
    FAILED = "failed"
