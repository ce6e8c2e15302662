"""Adapting the model to a collection, from its pages to the index that answers for it.

    crops of some pages -> a better model, or none -> its index, filled beside what answers -> swapped in one step

The new model's row is there before its index is filled, so that pages indexed meanwhile are written to both. What a
kill leaves is carried on by the next run.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import structlog

from infra.errors import IndexBusyError, ManuspectError, ModelError
from ingest.catalogue.adaptations import AdaptationRecord, Adaptations
from ingest.catalogue.records import SpaceRecord
from ingest.catalogue.states import AdaptationState
from ingest.catalogue.tables import now
from search.adaptation.adapt import adapt
from search.adaptation.delta import delta_name, pack_delta
from search.adaptation.outcome import Adaptation, AdaptConfig
from search.embedding.handwriting import HandwritingEmbedder
from workers.adapt_options import AdaptOptions
from workers.adapted_index import collection_inks, fill
from workers.context import Context
from workers.home_lock import home_lock
from workers.reindex import drop_retired
from workers.report import Progress, Tally, no_progress
from workers.said import said_of

log = structlog.get_logger(__name__)

_TELL_EVERY = 2.0
"""Seconds between two notes of how far it is."""


def adapt_collection(
    context: Context, collection: str, options: AdaptOptions, progress: Progress = no_progress
) -> AdaptationRecord:
    """Adapt the model to the collection of that id and let it answer, unless it is no better; how it ended.

    Raises ManuspectError where it cannot be done.
    """
    with _alone(context):
        ask(context, collection, options)
        record = Adaptations(context.catalogue).take(collection)
        assert record is not None, "it was asked for"
        learn(context, record, progress)
        with home_lock(context.settings):
            build(context, record.number, progress)
            drop_retired(context)
    return Adaptations(context.catalogue).get(record.number)


def ask(context: Context, collection: str, options: AdaptOptions) -> int:
    """Record that the collection of that id is to be adapted to; the number of the attempt."""
    words = sum(one.words for one in context.catalogue.status(collection))
    return Adaptations(context.catalogue).ask(collection, words, asdict(options))


def back(context: Context, collection: str) -> bool:
    """Let the model that all share answer for the collection of that id again. False where it does already."""
    changed = Adaptations(context.catalogue).back(collection)
    if context.settings.broker_url is None:
        with home_lock(context.settings):
            drop_retired(context)
    return changed


def adapt_due(context: Context) -> None:
    """Carry on with one attempt that waits or was killed; where there is none, with a collection that has grown.

    For the one holder of the schedule's lease.
    """
    adaptations = Adaptations(context.catalogue)
    with _alone(context):
        if adaptations.take() is None and isinstance(context.embedder, HandwritingEmbedder):
            for collection in _grown(context, adaptations):
                ask(context, collection, AdaptOptions())
        record = adaptations.take()
        if record is not None:
            learn(context, record)
            build(context, record.number)


def _grown(context: Context, adaptations: Adaptations) -> Iterator[str]:
    """Ids of collections at rest, large enough, and half as large again as when they were last adapted to."""
    settings, latest = context.settings, adaptations.latest()
    if not settings.adapt_hours:
        return
    for one in context.catalogue.status():
        collection = context.catalogue.collection(one.name)
        if collection is None or one.paused or one.by_state["waiting"] + one.by_state["running"]:
            continue
        last = latest.get(collection.id)
        rested = last is None or (now() - last.started).total_seconds() >= settings.adapt_hours * 3600
        if one.words >= settings.adapt_words and rested and (last is None or one.words >= 1.5 * last.words):
            yield collection.id


def learn(context: Context, record: AdaptationRecord, progress: Progress = no_progress) -> None:
    """The part that needs no index: from crops to a model that is stored and recorded, or to a refusal."""
    if record.state == AdaptationState.BUILDING:
        return
    adaptations, embedder = Adaptations(context.catalogue), context.embedder
    try:
        if not isinstance(embedder, HandwritingEmbedder):
            raise ModelError("Only the handwriting model learns a collection's hand; set MANUSPECT_MODEL to it.")
        adaptations.begin(record.number, embedder.space.digest)
        found = _learn(context, embedder, record, progress)
        if found.delta is None:
            adaptations.end(record.number, AdaptationState.REFUSED, found.reason, found.report())
            return
        content = pack_delta(found.delta, embedder.space.digest)
        key = f"models/{delta_name(content)}.safetensors"
        context.files.put_bytes(content, key)
        space = embedder.adapted(content).space
        row = SpaceRecord(space.key, space.model, space.digest, space.dimension, "", now())
        adaptations.build(record.number, row, key, found.reason, found.report())
    except Exception as error:  # whatever it is, it must not be tried again and again
        told = str(error) if isinstance(error, ManuspectError) else f"{type(error).__name__}: {error}"
        adaptations.end(record.number, AdaptationState.FAILED, told)
        raise


def _learn(context: Context, embedder: HandwritingEmbedder, record: AdaptationRecord, progress: Progress) -> Adaptation:
    adaptations, options = Adaptations(context.catalogue), AdaptOptions.from_json(record.options)
    last = 0.0

    def tell(doing: str, share: float) -> None:
        nonlocal last
        if time.monotonic() - last >= _TELL_EVERY:
            last = time.monotonic()
            adaptations.tell(record.number, doing, share)
            progress(Tally())

    checkpoint = context.settings.home.absolute() / "adapt" / f"{record.collection_id}.pt"
    config = AdaptConfig(minutes=options.minutes)
    said = said_of(context, record.collection_id, options)
    inks = collection_inks(context, record.collection_id, said)
    return adapt(
        embedder.fresh_model(), list(inks.pixels.values()), options.lexicon(), config, checkpoint, tell,
        known=said.known(list(inks.pixels)), following=inks.following,
    )  # fmt: skip


def build(context: Context, number: int, progress: Progress = no_progress) -> None:
    """Fill the index of an attempt that has a model, then let it answer. For one caller at a time."""
    record = next((r for r in Adaptations(context.catalogue).versions() if r.number == number), None)
    if record is None or record.state != AdaptationState.BUILDING:
        return
    try:
        version = context.versions.open(record)
    except ModelError as error:
        Adaptations(context.catalogue).end(number, AdaptationState.FAILED, str(error))
        raise
    fill(context, version, progress)
    version.index.optimize()
    Adaptations(context.catalogue).activate(number)
    log.info("collection adapted", collection=record.collection_id, space=record.space.key)


@contextmanager
def _alone(context: Context) -> Iterator[None]:
    """One adaptation at a time in a home. Raises IndexBusyError where another is under way."""
    path = context.settings.home.absolute() / "adapt.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise IndexBusyError("Another collection is being adapted to; run this again when it is done.") from None
        yield
