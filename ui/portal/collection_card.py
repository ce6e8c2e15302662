"""One collection: what is in it, how far it is, what failed and why, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from ingest.catalogue import PageState
from ingest.catalogue.adaptations import AdaptationRecord
from ingest.catalogue.queued import QueuedWork
from ingest.catalogue.records import CollectionRecord, CollectionStatus, DocumentRecord, Failure
from ui.pace import pages_left
from ui.portal.access_menu import access_menu
from ui.portal.runtime import portal
from ui.portal.times import interval
from ui.portal.uploads import is_upload
from ui.portal.words import clean, count, plain
from ui.service.access import Viewer
from ui.verdict import verdict

_DOCUMENTS_SHOWN = 500
_FAILURES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class State:
    """How far a collection is."""

    status: CollectionStatus
    inputs: int
    """Inputs that wait to be listed."""
    seconds: int | None
    """Until all is done; None where that is not known."""
    adaptation: AdaptationRecord | None
    """The last attempt to adapt the model to it."""
    marked: int
    """Words that readers marked right or wrong."""


def collection_card(collection: CollectionRecord, state: State, viewer: Viewer) -> None:
    """Draw it; with its buttons for a manager."""
    status = state.status
    with st.container(border=True, key=f"collection_{collection.id}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader(plain(collection.name), anchor=False)
            if status.words and st.button("Search here", icon=":material/search:", key=f"search_{collection.id}"):
                st.session_state["go"] = collection.name
                st.rerun(scope="app")
        _contents(collection, state)
        with st.container():  # a place of its own, so that nothing below moves when it comes or goes
            _progress(state)
            if state.adaptation is not None:
                st.caption(plain(f"Adaptation: {verdict(state.adaptation)}"))
        with st.container():
            if status.failures:
                _failures(collection, status.failures, manager=viewer.manager)
        documents = st.expander(
            "Documents", icon=":material/description:", key=f"documents_{collection.id}", on_change="rerun"
        )
        if documents.open:
            with documents:
                _documents(collection)
        if viewer.manager:
            _actions(collection, status, state.inputs, viewer)


def _contents(collection: CollectionRecord, state: State) -> None:
    status = state.status
    parts = [count(status.documents, "document"), count(status.pages, "page"), count(status.words, "word")]
    if empty := status.by_state[PageState.EMPTY]:
        parts.append(count(empty, "page without writing", "pages without writing"))
    if state.marked:
        parts.append(f"{count(state.marked, 'word')} marked by readers")
    if collection.groups:
        parts.append("open to " + ", ".join(collection.groups))
    st.markdown(plain(" · ".join(parts)))


def _progress(state: State) -> None:
    status, seconds = state.status, state.seconds
    left = pages_left(status)
    if state.inputs:
        st.caption(f"{count(state.inputs, 'input')} still to be listed.")
    if status.paused:
        st.info("Paused. What is indexed can be searched; nothing more is taken up.", icon=":material/pause_circle:")
    if left:
        done = status.pages - left
        ending = "" if seconds is None else f", about {interval(seconds)} left"
        st.progress(done / status.pages, text=f"{done:,} of {count(status.pages, 'page')} done{ending}")


def _failures(collection: CollectionRecord, failures: Sequence[Failure], *, manager: bool) -> None:
    with st.expander(f"{count(len(failures), 'input')} failed", icon=":material/warning:", expanded=True):
        for failure in failures[:_FAILURES_SHOWN]:
            page = "" if failure.page is None else f", page {failure.page}"
            st.markdown(f"- **{plain(_shown_input(failure.input))}{page}**  \n  {plain(failure.reason)}")
        if len(failures) > _FAILURES_SHOWN:
            st.caption(f"And {len(failures) - _FAILURES_SHOWN:,} more; `manuspect status` lists them all.")
        if manager:
            st.button(
                "Try again", key=f"retry_{collection.id}", icon=":material/refresh:",
                on_click=portal().importer.retry, args=(collection.name,),
            )  # fmt: skip


def _shown_input(uri: str) -> str:
    """Where a document came from, as the person who added it knows it: of an upload the file's name."""
    return Path(uri).name if is_upload(portal().settings.home, uri) else uri


def _documents(collection: CollectionRecord) -> None:
    documents = portal().catalogue.documents(collection.id, 0, _DOCUMENTS_SHOWN)
    sizes = portal().catalogue.sizes([document.id for document in documents])
    names = {document.id: clean(document.label) for document in documents if document.id in sizes}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Open a document", list(names), index=None, format_func=lambda identity: names.get(identity, ""),
            key=f"document_{collection.id}", placeholder="Type a part of its name",
        )  # fmt: skip
        if st.button("Open", key=f"open_{collection.id}", disabled=chosen is None):
            st.session_state["open"] = chosen
            st.rerun(scope="app")
    st.dataframe(
        [_document_row(document, *sizes.get(document.id, (0, 0))) for document in documents],
        hide_index=True, alt="Documents of the collection",
        column_config={name: st.column_config.TextColumn(width="medium") for name in ("Document", "Data", "From")},
    )  # fmt: skip
    if len(documents) == _DOCUMENTS_SHOWN:
        st.caption(f"The first {_DOCUMENTS_SHOWN} are shown.")


def _document_row(document: DocumentRecord, pages: int, words: int) -> dict[str, Any]:
    return {
        "Document": clean(document.label),
        "Pages": pages,
        "Words": words,
        "Data": "; ".join(f"{clean(key)}={clean(value)}" for key, value in document.details.items()),
        "Kind": document.kind,
        "From": clean(_shown_input(document.uri)),
    }


def _actions(collection: CollectionRecord, status: CollectionStatus, inputs: int, viewer: Viewer) -> None:
    here = portal()
    waits = bool(pages_left(status) or inputs)
    with st.container(horizontal=True):
        if status.paused:
            st.button("Resume", key=f"resume_{collection.id}", icon=":material/play_arrow:",
                      type="primary", on_click=_resume, args=(collection,))  # fmt: skip
        elif waits:
            st.button("Pause", key=f"pause_{collection.id}", icon=":material/pause:",
                      help="Finish the pages under way, and take up no more.",
                      on_click=here.catalogue.set_paused, args=(collection.id, True))  # fmt: skip
        if waits:
            st.button("Cancel", key=f"cancel_{collection.id}", icon=":material/close:",
                      help="Give up what waits. What is indexed stays, and *Try again* takes the rest up.",
                      on_click=QueuedWork(here.catalogue).cancel, args=(collection.id,))  # fmt: skip
        st.button("Re-index", key=f"reindex_{collection.id}", icon=":material/autorenew:",
                  help="Bring every page up to the present model and word finder. It stays searchable meanwhile.",
                  on_click=here.importer.reindex, args=(collection.name,), disabled=not status.pages)  # fmt: skip
        access_menu(collection, viewer)
        if st.button("Delete", key=f"delete_{collection.id}", icon=":material/delete:"):
            st.session_state["delete"] = collection.name
            st.rerun(scope="app")


def _resume(collection: CollectionRecord) -> None:
    portal().catalogue.set_paused(collection.id, False)
    portal().importer.resume(collection.name)
