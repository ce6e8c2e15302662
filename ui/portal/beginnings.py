"""Words to begin with: a few as they stand on pages, for whoever does not know yet what to type."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

import streamlit as st

from ingest.catalogue.records import PageRecord, WordRecord
from ui.portal.address import open_search
from ui.portal.asked import Asked
from ui.portal.crops import crop_picture
from ui.portal.runtime import portal
from ui.portal.widgets import gallery

_MOST = 8
_FROM_EACH = 3
"""Documents of a collection, and pages of a document, that are looked at."""
_WIDE = 2.5, 6.0
"""Width over height of words that can be read at a glance."""


def beginnings(question: Asked, collections: Sequence[str]) -> None:
    """Draw words from the collections of these ids; each is searched by its picture when it is clicked."""
    cards = [_card(page, word) for page, word in islice(_words(collections), _MOST)]
    if not cards:
        return
    with st.container(key="beginnings"):
        st.caption("Or begin with a word as it stands on a page")
        data = {"label": "Words to begin with", "bare": True, "groups": [{"title": "", "hits": cards}]}
        done = gallery(data, key="begin")
    if done is not None:
        open_search(question.by_example(word=str(done[1])))


def _words(collections: Sequence[str]) -> Iterator[tuple[PageRecord, WordRecord]]:
    """A wide word from the middle of some pages, where writing is surest, of every collection in turn."""
    for number in range(_FROM_EACH**2):
        for collection in collections:
            if (page := _page(collection, *divmod(number, _FROM_EACH))) is None:
                continue
            words = portal().catalogue.page_words(page.id)
            wide = [word for word in words if _WIDE[0] <= word.w / word.h <= _WIDE[1]]
            if wide:
                yield page, min(wide, key=partial(_off_centre, page))


def _off_centre(page: PageRecord, word: WordRecord) -> float:
    across, down = page.width or 1, page.height or 1
    return math.hypot((word.x + word.w / 2) / across - 0.5, (word.y + word.h / 2) / down - 0.5)


def _page(collection: str, page: int, document: int) -> PageRecord | None:
    """That page of that document of the collection, both from 0; None where there is none, or it is not read yet."""
    here = portal().catalogue
    pages = [found for known in here.documents(collection, document, 1) for found in here.pages(known.id, page, 1)]
    return next((found for found in pages if found.width and found.height), None)


def _card(page: PageRecord, word: WordRecord) -> dict[str, Any]:
    picture = crop_picture(page.id, (page.width or 1, page.height or 1), word.region)
    return {
        "id": word.id,
        **picture.data(),
        "alt": "Find this word elsewhere",
        "vote": 0,
    }
