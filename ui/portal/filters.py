"""Where to search, and how sure to be; with how many hits each choice would leave."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import streamlit as st

from infra.errors import ManuspectError
from ui.portal.address import ask, asked
from ui.portal.asked import Asked
from ui.portal.reader import Reader, uploaded_crop
from ui.portal.runtime import portal
from ui.portal.words import clean, plain

_DOCUMENTS_READ = 1000
"""Documents in which metadata keys are looked for."""
_MOST_KEYS = 6
_MOST_VALUES = 200

Counts = Mapping[str, Mapping[str, int]]


def filters_menu(question: Asked, reader: Reader) -> None:
    """The button, and what it opens: made only while it is open, for counting costs time."""
    number = sum((bool(question.collections), bool(question.first_page or question.last_page), bool(question.metadata)))
    menu = st.popover(
        f"Filters ({number})" if number else "Filters", icon=":material/tune:", key="filters", on_change="rerun"
    )
    if menu.open:
        with menu:
            _filters(question, reader, _counts(question, reader))


def mirror(key: str, value: Any) -> None:
    """Let a widget show what the address says."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value


def _counts(question: Asked, reader: Reader) -> Counts:
    if question.is_empty:
        return {}
    keys = sorted({
        key for collection in reader.reach(question).searched
        for document in portal().catalogue.documents(collection, 0, _DOCUMENTS_READ)
        for key in document.details
    })  # fmt: skip
    with suppress(ManuspectError):  # the page says itself why there is no answer
        return portal().finder.count_by(question, reader.reach(question), uploaded_crop(question), keys[:_MOST_KEYS])
    return {}


def _filters(question: Asked, reader: Reader, counts: Counts) -> None:
    mirror("ask_least", question.least)
    st.slider(
        "Least confidence", 0, 100, step=5, format="%d %%", key="ask_least", on_change=_change_filters,
        help="Hits that are less sure are left out and not counted.",
    )  # fmt: skip
    names = [collection.name for collection in reader.collections]
    mirror("ask_in", [name for name in question.collections if name in names])
    st.multiselect(
        "Collections", names, key="ask_in", placeholder="All", on_change=_change_filters,
        format_func=lambda name: _with_count(name, counts.get("collection", {})),
    )  # fmt: skip
    first, last = st.columns(2)
    mirror("ask_from", question.first_page)
    mirror("ask_to", question.last_page)
    with first:
        st.number_input("From page", min_value=1, value=None, step=1, key="ask_from", on_change=_change_filters)
    with last:
        st.number_input("To page", min_value=1, value=None, step=1, key="ask_to", on_change=_change_filters)
    chosen, total = dict(question.metadata), sum(counts.get("collection", {}).values())
    for key, values in counts.items():
        if key != "collection" and (key in chosen or 0 < max(values.values(), default=0) < total):
            _values(key, values, chosen.get(key, ""))
    mirror("ask_meta", "; ".join(f"{key}={value}" for key, value in question.metadata))
    st.text_input(
        "Document data", key="ask_meta", placeholder="year=1840..1860; place=Lyon", on_change=_change_filters,
        help="Only documents whose metadata have these values. See Collections for what each document has.",
    )  # fmt: skip
    if question.collections or question.first_page or question.last_page or question.metadata:
        st.button("Clear filters", key="ask_clear", on_click=_clear_filters, icon=":material/filter_alt_off:")


def _values(key: str, counted: Mapping[str, int], chosen: str) -> None:
    """The values of one metadata key among the hits, the most frequent first."""
    options = list(dict.fromkeys([*([chosen] if chosen else []), *counted]))[:_MOST_VALUES]
    mirror(f"facet_{key}", chosen or None)
    st.selectbox(
        plain(clean(key).capitalize()), options, index=None, key=f"facet_{key}", placeholder="Any",
        on_change=_choose_value, args=(key,), format_func=lambda value: _with_count(value, counted),
    )  # fmt: skip


def _with_count(value: str, counted: Mapping[str, int]) -> str:
    return f"{clean(value)} ({counted[value]:,})" if value in counted else clean(value)


def _choose_value(key: str) -> None:
    others = tuple(pair for pair in asked().metadata if pair[0] != key)
    value = st.session_state[f"facet_{key}"]
    ask(replace(asked(), metadata=(*others, (key, value)) if value else others, part=1))


def _change_filters() -> None:
    state = st.session_state
    pairs = (part.partition("=") for part in (state["ask_meta"] or "").split(";"))
    ask(
        replace(
            asked(),
            least=int(state["ask_least"]),
            collections=tuple(state["ask_in"]),
            first_page=state["ask_from"],
            last_page=state["ask_to"],
            metadata=tuple((key.strip(), value.strip()) for key, mark, value in pairs if mark and key.strip()),
            part=1,
        )
    )


def _clear_filters() -> None:
    ask(replace(asked(), collections=(), first_page=None, last_page=None, metadata=(), part=1))
