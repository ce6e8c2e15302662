"""The first page: a question, and the places where it is written."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal, cast

import streamlit as st

from ingest.catalogue.records import CollectionStatus
from ui.portal import notices
from ui.portal.address import ask, asked, open_page, open_search
from ui.portal.asked import PAGE_SIZES, Asked
from ui.portal.beginnings import beginnings
from ui.portal.exporting import export_menu
from ui.portal.filters import mirror
from ui.portal.finder import Answer
from ui.portal.hit_cards import gallery_data
from ui.portal.query_bar import query_bar
from ui.portal.reader import Reader, current_reader, uploaded_crop
from ui.portal.runtime import portal
from ui.portal.voting import voted
from ui.portal.widgets import gallery
from ui.portal.words import count

MOST_SHOWN = 10_000
"""As deep as paging goes."""


def show() -> None:
    """Draw the page."""
    reader = current_reader()
    question = asked()
    query_bar(question, reader)
    if question.is_empty:
        notices.welcome(_searchable(reader))
        beginnings(question, reader.reach(question).searched)
        return
    with notices.errors_in_words(again=True):
        with st.spinner("Searching"):
            answer = portal().finder.find(question, reader.reach(question), uploaded_crop(question))
        _results(answer, question, reader)


def _searchable(reader: Reader) -> list[CollectionStatus]:
    names = {collection.name for collection in reader.collections}
    return [status for status in portal().catalogue.status() if status.words and status.name in names]


def _results(answer: Answer, question: Asked, reader: Reader) -> None:
    if not answer.hits and question.part == 1:
        notices.nothing_found(question.least, bool(question.collections or question.metadata or question.first_page))
        return
    _headline(answer, question, reader)
    done = gallery({**gallery_data(answer.hits, question), "milliseconds": answer.milliseconds}, key="hits")
    _pager(answer, question)
    if done is not None:
        _act(done, answer, question)


def _headline(answer: Answer, question: Asked, reader: Reader) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="headline"):
        st.markdown(f"**{_total(answer)}**, at least {question.least} % sure")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            _choice("Show", "group", {"none": "Gallery", "page": "By page"}, question.group)
            _choice("Order", "order", {"best": "Best first", "place": "By place"}, question.order)
            export_menu(question, reader)


def _total(answer: Answer) -> str:
    places = count(answer.total, "place")
    if not answer.total_is_exact:
        places = f"More than {places}"
    return places if answer.pages is None else f"{places} on {count(answer.pages, 'page')}"


def _choice(label: str, field: Literal["group", "order"], options: dict[str, str], now: str) -> None:
    key = f"ask_{field}"
    mirror(key, now)

    def change() -> None:
        ask(replace(asked(), **{field: cast("Any", st.session_state[key])}, part=1))

    st.segmented_control(
        label, list(options), format_func=options.__getitem__, key=key, on_change=change, required=True,
        label_visibility="collapsed",
    )  # fmt: skip


def _pager(answer: Answer, question: Asked) -> None:
    parts = math.ceil(min(answer.total, MOST_SHOWN) / question.size)
    if parts <= 1 and question.size == PAGE_SIZES[1]:
        return
    first = (question.part - 1) * question.size + 1
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="pager"):
        st.caption(f"{first:,} to {first + len(answer.hits) - 1:,} of {answer.total:,}")
        if parts > 1:
            mirror("ask_part", min(question.part, parts))
            st.pagination(parts, key="ask_part", on_change=_turn)
        if answer.total > PAGE_SIZES[0]:
            mirror("ask_size", question.size)
            st.selectbox(
                "Hits on one page", PAGE_SIZES, key="ask_size", on_change=_resize, width=130,
                label_visibility="collapsed", format_func=lambda size: f"{size} a page",
            )  # fmt: skip


def _turn() -> None:
    ask(replace(asked(), part=int(st.session_state["ask_part"])))


def _resize() -> None:
    ask(replace(asked(), size=int(st.session_state["ask_size"]), part=1))


def _act(done: tuple[str, Any], answer: Answer, question: Asked) -> None:
    """What the reader did to a hit."""
    event, value = done
    pages = {hit.word: hit.page for hit in answer.hits}
    if event == "open":
        if value in pages:
            open_page(pages[value], str(value), question)
    elif event == "like":
        open_search(question.by_example(word=str(value)))
    elif event == "vote":
        word = str(value["id"])
        ask(voted(question, pages.get(word, ""), word, int(value["vote"])))
        st.rerun()
