"""A collection's words, to learn from, and to fill the index of the model that learned from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ingest.catalogue.parts import in_parts
from search.engine.lines import lines_of
from search.engine.overlap import without_overlaps
from search.handwriting.ink import Pixels, raw_ink
from workers.context import Context
from workers.live_words import embedded_pages, is_whole, pages_with_crops, write_points
from workers.report import Progress, Tally
from workers.said import Said
from workers.versions import Version

_MOST_WORDS = 24_000
"""Words looked at: more would not be learned from in the time, and would only take memory."""


@dataclass(frozen=True)
class Inks:
    """Words to learn from."""

    pixels: Mapping[str, Pixels]
    """Word id -> ink, uint8 (h, w)."""
    following: Sequence[int]
    """Of each word the place among them of the one after it, on its line or at the start of the next; -1 for none."""


def collection_inks(context: Context, collection: str, said: Said, most: int = _MOST_WORDS) -> Inks:
    """Words of the collection of that id, each ink once, from pages drawn by lot.

    Pages of which something was said come first, and labelled words before others with the same ink.
    """
    drawn = np.random.default_rng(0).permutation(sorted(_pages(context, collection))).tolist()
    pages = sorted(drawn, key=lambda page: page not in said.pages)
    pixels: dict[str, Pixels] = {}
    after: dict[str, str] = {}
    for live, crops in pages_with_crops(context, pages):
        if crops is None:
            continue
        surest = sorted(
            zip(live.words, crops, strict=True), key=lambda entry: (entry[0].id not in said.labels, -entry[0].score)
        )
        kept = without_overlaps(surest, lambda entry: (entry[0].page_id, entry[0].region))
        pixels |= {word.id: raw_ink(crop) for word, crop in kept[: most - len(pixels)]}
        lines = lines_of(word for word, _ in kept)
        after |= {word.id: follower.id for word, _ in kept for follower in lines.after(word)[:1]}
        if len(pixels) >= most:
            break
    places = {word: place for place, word in enumerate(pixels)}
    return Inks(pixels, [places.get(after.get(word, ""), -1) for word in pixels])


def fill(context: Context, version: Version, progress: Progress) -> None:
    """Embed the pages of the collection that miss words or readings in the version's index.

    Those whose stored image is lost are read from their source again, and come into every index then.
    """
    version.index.upsert([])
    tally = Tally()

    def missing() -> Iterator[str]:
        for page in _pages(context, version.record.collection_id):
            record = context.catalogue.page(page)
            if record is not None and not is_whole(version.index, version.embedder, page, record.words):
                tally.add(waiting=1)
                yield page

    for live, words in embedded_pages(context, version.embedder, missing()):
        if words is None:
            context.catalogue.requeue_page(live.page.id)
            continue
        write_points(version.index, live, words)
        tally.add(indexed=1, words=len(words))
        progress(tally)


def _pages(context: Context, collection: str) -> Iterator[str]:
    """Ids of the collection's pages that have words."""
    for documents in in_parts(partial(context.catalogue.documents, collection)):
        for document in documents:
            yield from context.catalogue.live_pages(document.id)
