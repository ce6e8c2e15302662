"""One page, zoomed to the hit it was opened at, with all hits of the question on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ingest.catalogue.records import PageRecord, WordRecord
from ingest.geometry import Region
from ui.portal import notices
from ui.portal.address import asked, open_page, open_search, parameter
from ui.portal.asked import Asked, PlaceOnPage
from ui.portal.crops import crop_picture
from ui.portal.finder import Found
from ui.portal.hit_cards import page_name, percent
from ui.portal.page_links import page_links, region_address
from ui.portal.reader import Reader, current_reader, uploaded_crop
from ui.portal.runtime import portal
from ui.portal.voting import voted
from ui.portal.widgets import gallery, viewer
from ui.portal.words import clean, plain

_NEIGHBOURS = 3
"""Words shown before and after the hit."""


def show() -> None:
    """Draw the page."""
    reader, question = current_reader(), asked()
    with notices.errors_in_words():
        page = portal().catalogue.page(parameter("page"))
        document = portal().catalogue.document(page.document_id) if page else None
        if page is None or document is None or not reader.may_see(document.collection_id):
            _missing()
            return
        _heading(clean(document.label), page, question)
        if page.image is None or page.width is None or page.height is None:
            st.info("This page has not been read yet. Its progress is shown under Collections.")
            return
        _page(page, (page.width, page.height), question, reader)


def _missing() -> None:
    with st.container(key="no_page"):
        st.subheader("No such page", anchor=False)
        st.markdown("It may have been removed since the link was made, or it may not be open to you.")
        if st.button("Go to the search", icon=":material/search:"):
            open_search(asked())


def _heading(document: str, page: PageRecord, question: Asked) -> None:
    here = portal().catalogue
    with st.container(horizontal=True, vertical_alignment="center", key="page_heading"):
        if st.button("Back to the hits" if not question.is_empty else "Search", icon=":material/arrow_back:"):
            open_search(question)
        st.subheader(f"{plain(document)}, {plain(page_name(page.number, page.label))}", anchor=False, width="stretch")
        with st.container(horizontal=True, horizontal_alignment="right", width="content"):
            for step, label in ((-1, "Page before"), (1, "Page after")):
                number = page.number + step
                beside = here.pages(page.document_id, number - 1, 1) if number > 0 else []
                icon = ":material/chevron_left:" if step < 0 else ":material/chevron_right:"
                if beside and st.button(label, icon=icon, key=f"page_step_{step}", type="tertiary"):
                    open_page(beside[0].id, "", question)


def _page(page: PageRecord, canvas: tuple[int, int], question: Asked, reader: Reader) -> None:
    here = portal()
    reach = reader.reach(question)
    hits: Sequence[Found] = ()
    ranking: Sequence[Found] = ()
    if not question.is_empty:
        crop = uploaded_crop(question)
        hits = here.finder.find(question, reach, crop, page=page.id).hits
        ranking = here.finder.find(question, reach, crop).hits
    word = parameter("hit")
    words = here.catalogue.page_words(page.id)
    focus = _focus(word, words, hits)
    steps = _Steps(ranking, word)
    done = viewer(_viewer_data(page, canvas, hits, focus, word, steps), key="page_viewer")
    page_links(page, canvas, focus, question, word)
    _line(page, canvas, words, word)
    if done is not None:
        _act(done, page, question, steps)


class _Steps:
    """The hit before and the hit after in the order of the results that were being read."""

    def __init__(self, ranking: Sequence[Found], word: str) -> None:
        self._ranking = ranking
        self._at = next((i for i, hit in enumerate(ranking) if hit.word == word), None)

    def neighbour(self, step: int) -> Found | None:
        """The hit `step` further, None where there is none."""
        if self._at is None:
            return self._ranking[0] if self._ranking and step > 0 else None
        wanted = self._at + step
        return self._ranking[wanted] if 0 <= wanted < len(self._ranking) else None

    @property
    def says(self) -> str:
        """`3 of 60`."""
        return "" if self._at is None else f"{self._at + 1} of {len(self._ranking)}"


def _focus(word: str, words: Sequence[WordRecord], hits: Sequence[Found]) -> Region | None:
    known = next((hit.region for hit in hits if hit.word == word), None)
    return known or next((record.region for record in words if record.id == word), None)


def _viewer_data(
    page: PageRecord, canvas: tuple[int, int], hits: Sequence[Found], focus: Region | None, word: str, steps: _Steps
) -> dict[str, Any]:
    marks = [{"id": hit.word, "xywh": _box(hit.region), "title": _title(hit)} for hit in hits]
    if focus is not None and not any(mark["id"] == word for mark in marks):
        marks.append({"id": word, "xywh": _box(focus), "title": "This word"})
    return {
        "page": page.id,
        "service": f"/iiif/image/{page.id}",
        "image": portal().images.size(page.image or ""),
        "canvas": canvas,
        "hits": marks,
        "current": word,
        "focus": _box(focus) if focus else None,
        "label": f"Page image, {page_name(page.number, page.label)}. Arrow keys move, plus and minus zoom.",
        "region_url": region_address(page, focus),
        "previous": steps.neighbour(-1) is not None,
        "next": steps.neighbour(1) is not None,
        "counter": steps.says,
    }


def _box(region: Region) -> list[int]:
    return [region.x, region.y, region.w, region.h]


def _title(hit: Found) -> str:
    sure = percent(hit.confidence)
    return "Hit" if sure is None else f"{sure} % sure"


def _line(page: PageRecord, canvas: tuple[int, int], words: Sequence[WordRecord], word: str) -> None:
    """The words around the hit on its line, in reading order; each can become an example."""
    centre = next((record for record in words if record.id == word), None)
    if centre is None:
        return
    line = [record for record in words if record.line == centre.line]
    at = line.index(centre)
    near = line[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS + 1]
    st.markdown("**On this line**")
    cards = [_neighbour_card(page, canvas, record, record.id == word) for record in near]
    done = gallery({"label": "Words on this line", "groups": [{"title": "", "hits": cards}]}, key="line")
    if done is None:
        return
    event, value = done
    if event == "open":
        open_page(page.id, str(value), asked())
    elif event == "like":
        open_search(asked().by_example(word=str(value)))
    elif event == "vote":
        open_page(page.id, word, voted(asked(), page.id, str(value["id"]), int(value["vote"])))


def _neighbour_card(page: PageRecord, canvas: tuple[int, int], record: WordRecord, is_hit: bool) -> dict[str, Any]:
    picture = crop_picture(page.id, canvas, record.region, aside=0.15)
    place = f"word {record.position + 1}"
    return {
        "id": record.id,
        **picture.data(),
        "place": "The hit" if is_hit else place.capitalize(),
        "page": f"line {record.line + 1}",
        "confidence": None,
        "alt": f"Go to {place} of line {record.line + 1}",
        "vote": asked().vote_of(record.id),
    }


def _act(done: tuple[str, Any], page: PageRecord, question: Asked, steps: _Steps) -> None:
    event, value = done
    if event == "select":
        open_page(page.id, str(value), question)
    elif event == "step":
        hit = steps.neighbour(int(value))
        if hit is not None:
            open_page(hit.page, hit.word, question)
    elif event == "drawn":
        open_search(question.by_example(place=PlaceOnPage(page.id, Region.parse(str(value)))))
