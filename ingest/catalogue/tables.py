"""The tables, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ingest.catalogue.states import AdaptationState, DocumentState, PageState, SpaceState

__all__ = [
    "AdaptationRow",
    "AdaptationState",
    "Base",
    "CollectionRow",
    "DocumentRow",
    "DocumentState",
    "DraftRow",
    "InputRow",
    "LabelRow",
    "PageRow",
    "PageState",
    "ScheduleRow",
    "SpaceRow",
    "SpaceState",
    "WatchRow",
    "WordRow",
    "now",
]


def now() -> datetime:
    """The current time, with zone."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Common base; ids are UUIDs in their 36-character text form."""


class CollectionRow(Base):
    """An archival set: the unit of access and filtering. Id: UUIDv5 of its name."""

    __tablename__ = "collections"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    paused: Mapped[bool] = mapped_column(Boolean, default=False)
    groups: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Who may see it; empty: everyone who may use the service."""
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class DocumentRow(Base):
    """One source in one collection. Id: UUIDv5 of collection id and URI."""

    __tablename__ = "documents"
    __table_args__ = (UniqueConstraint("collection_id", "uri"),)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id"), index=True)
    uri: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    manifest: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Metadata, key to string or number."""
    state: Mapped[str] = mapped_column(String(16))
    error: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(Text)
    refresh: Mapped[bool] = mapped_column(Boolean, default=False)
    """Its metadata changed: the points in the index still carry the old ones."""
    added: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    updated: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class PageRow(Base):
    """One page. Id: UUIDv5 of document id and page number. Sizes in canvas pixels."""

    __tablename__ = "pages"
    __table_args__ = (
        UniqueConstraint("document_id", "number"),
        Index("pages_by_state", "state", "document_id", "number"),
    )
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    label: Mapped[str] = mapped_column(Text)
    canvas: Mapped[str] = mapped_column(Text, index=True)
    """IIIF canvas id; ours for local files."""
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    image_service: Mapped[str | None] = mapped_column(Text)
    painting: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """`PageImage.painting` of the last read: how canvas pixels map to the image service (ingest.iiif.regions)."""
    digest: Mapped[str] = mapped_column(String(64))
    """Identity of the content to index: the source's page digest or the document's."""
    image: Mapped[str | None] = mapped_column(Text)
    """Key of the stored image of the live generation in the file store."""
    state: Mapped[str] = mapped_column(String(16), default=PageState.WAITING)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    """Counted before the work; the third failure is final until `retry`."""
    claim: Mapped[int] = mapped_column(Integer, default=0)
    """Counts the times it was taken up. The latest claim alone may finish; it becomes the page's generation."""
    worker: Mapped[str | None] = mapped_column(String(128))
    """Who works on it, or did last; None while it is RUNNING and its draft waits for the model."""
    queued: Mapped[bool] = mapped_column(Boolean, default=False)
    """A message for it was sent to the broker and nobody took it up yet."""
    error: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(Text)
    generation: Mapped[int] = mapped_column(Integer, default=0)
    """The live generation of its words; 0: none yet."""
    stale: Mapped[bool] = mapped_column(Boolean, default=False)
    """Vectors or images that are not of the live generation may exist and must be deleted."""
    segmenter: Mapped[str | None] = mapped_column(String(64))
    space: Mapped[str | None] = mapped_column(String(128))
    """Key of the EmbeddingSpace of the live generation."""
    next_space: Mapped[str | None] = mapped_column(String(128))
    """Key of the space being built in which the live generation already has its vectors."""
    words: Mapped[int] = mapped_column(Integer, default=0)
    updated: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now, index=True)


class DraftRow(Base):
    """What segmentation found on a claimed page, kept until its vectors are written. One a page, the latest claim's."""

    __tablename__ = "drafts"
    page_id: Mapped[str] = mapped_column(ForeignKey("pages.id"), primary_key=True)
    claim: Mapped[int] = mapped_column(Integer)
    begun: Mapped[int] = mapped_column(Integer, default=0)
    """How often its embedding was begun; counted before the work."""
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`ingest.catalogue.records.Draft` as JSON."""


class WordRow(Base):
    """A word hypothesis of its page's live generation; see `ids.word_id`."""

    __tablename__ = "words"
    __table_args__ = (Index("words_by_place", "page_id", "generation", "line", "position"),)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    page_id: Mapped[str] = mapped_column(ForeignKey("pages.id"))
    generation: Mapped[int] = mapped_column(Integer)
    line: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer)
    span: Mapped[int] = mapped_column(Integer, default=1)
    x: Mapped[int] = mapped_column(Integer)
    y: Mapped[int] = mapped_column(Integer)
    w: Mapped[int] = mapped_column(Integer)
    h: Mapped[int] = mapped_column(Integer)
    score: Mapped[float] = mapped_column(Float, default=1.0)


class LabelRow(Base):
    """What a reader said of a word: that it says a text, or does not. The word may have gone meanwhile."""

    __tablename__ = "labels"
    word_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    text: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Folded."""
    page_id: Mapped[str] = mapped_column(ForeignKey("pages.id"), index=True)
    right: Mapped[bool] = mapped_column(Boolean)
    said: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class InputRow(Base):
    """A document that waits to be listed by a worker; the row goes when it is. Id: that of the document."""

    __tablename__ = "inputs"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id"), index=True)
    uri: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Metadata given with the input."""
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    claim: Mapped[int] = mapped_column(Integer, default=0)
    worker: Mapped[str | None] = mapped_column(String(128))
    queued: Mapped[bool] = mapped_column(Boolean, default=False)
    added: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now, index=True)


class WatchRow(Base):
    """A folder or IIIF collection that is looked at again and again. Id: UUIDv5 of collection and URI."""

    __tablename__ = "watches"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id"), index=True)
    uri: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Metadata given to what is found there."""
    seen: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it was last looked through to the end."""
    error: Mapped[str | None] = mapped_column(Text)
    """Why the last look failed; None where it did not."""


class ScheduleRow(Base):
    """The dated lease of one schedule: the period it was last begun for, by whom, and the last that succeeded."""

    __tablename__ = "schedules"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[int] = mapped_column(BigInteger, default=-1)
    """Number of the period last begun, counted from 1970 in intervals; -1: none yet."""
    holder: Mapped[str | None] = mapped_column(String(128))
    """Who runs it now."""
    started: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    done: Mapped[int] = mapped_column(BigInteger, default=-1)
    """Number of the period that succeeded last."""
    succeeded: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error: Mapped[str | None] = mapped_column(Text)
    """Why the last run failed; None where it did not."""


class SpaceRow(Base):
    """One embedding space with its index."""

    __tablename__ = "spaces"
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    model: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    dimension: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16))
    """`SpaceState`; at most one is live and at most one is building."""
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class AdaptationRow(Base):
    """One attempt to adapt the model to a collection, whatever came of it."""

    __tablename__ = "adaptations"
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), default=AdaptationState.WAITING)
    base: Mapped[str] = mapped_column(String(64))
    """Digest of the model it started from."""
    words: Mapped[int] = mapped_column(Integer)
    """Words of the collection when it was asked for."""
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What was asked for: `workers.adapt.AdaptOptions` as plain values."""
    doing: Mapped[str] = mapped_column(Text, default="")
    progress: Mapped[float] = mapped_column(Float, default=0.0)
    """0 to 1."""
    space: Mapped[str | None] = mapped_column(String(128))
    """Key of the space of the adapted model; None where none was made."""
    delta: Mapped[str | None] = mapped_column(Text)
    """Key in the file store of what it changes in the model."""
    reason: Mapped[str | None] = mapped_column(Text)
    """The verdict in words, or the error."""
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """`search.adaptation.adapt.Adaptation` as plain values."""
    started: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    ended: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
