"""What is there, how far it is, what failed and why; and the ways to add, repair and remove."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from ingest.catalogue import PageState
from ingest.catalogue.adaptations import AdaptationRecord, Adaptations
from ingest.catalogue.records import CollectionRecord, CollectionStatus, DocumentRecord, Failure
from ui.portal import notices
from ui.portal.adding import add_form
from ui.portal.address import open_page, open_search
from ui.portal.asked import Asked
from ui.portal.importing import Activity
from ui.portal.reader import Reader, current_reader
from ui.portal.runtime import portal
from ui.portal.uploads import is_upload
from ui.portal.words import clean, count, plain
from ui.verdict import verdict

_REFRESH_SECONDS = 2.0
_DOCUMENTS_SHOWN = 500
_FAILURES_SHOWN = 50


def show() -> None:
    """Draw the page."""
    _follow_requests()
    reader = current_reader()
    st.header("Collections", anchor=False)
    with notices.errors_in_words():
        if reader.viewer.manager:
            add_form([collection.name for collection in reader.collections], here=portal())
        busy = _is_busy(portal().importer.activities(), reader)
        st.fragment(_listing, run_every=_REFRESH_SECONDS if busy else None)()


def _is_busy(activities: Sequence[Activity], reader: Reader) -> bool:
    return any(activity.running for activity in activities) or any(
        _left(status) for status in _statuses(reader.collections)
    )


def _statuses(collections: Sequence[CollectionRecord]) -> list[CollectionStatus]:
    names = {collection.name for collection in collections}
    return [status for status in portal().catalogue.status() if status.name in names]


def _left(status: CollectionStatus) -> int:
    """Pages not yet done."""
    return status.by_state[PageState.WAITING] + status.by_state[PageState.RUNNING]


def _listing() -> None:
    """All collections; run again every few seconds while something is going on."""
    with notices.errors_in_words():
        reader = current_reader()
        activities = portal().importer.activities()
        statuses = {status.name: status for status in _statuses(reader.collections)}
        adapted = Adaptations(portal().catalogue).latest()
        _activity(activities)
        if not reader.collections:
            with st.container(key="no_collections"):
                st.subheader("No collection yet", anchor=False)
                st.markdown("Add scans above, and they become searchable page by page.")
        for collection in reader.collections:
            if collection.name in statuses:
                _collection(collection, statuses[collection.name], reader, adapted.get(collection.id))
        if st.session_state.pop("was_busy", False) and not _is_busy(activities, reader):
            st.rerun()
        st.session_state["was_busy"] = _is_busy(activities, reader)


def _activity(activities: Sequence[Activity]) -> None:
    for activity in activities:
        name = plain(activity.collection)
        if activity.error is not None:
            st.error(f"{plain(activity.what)} in *{name}* stopped. {plain(activity.error)}", icon=":material/error:")
        elif activity.running:
            st.info(f"{plain(activity.what)} in *{name}*. You can search meanwhile.", icon=":material/sync:")


def _collection(
    collection: CollectionRecord, status: CollectionStatus, reader: Reader, adaptation: AdaptationRecord | None
) -> None:
    with st.container(border=True, key=f"collection_{collection.id}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader(plain(collection.name), anchor=False)
            if status.words and st.button("Search here", icon=":material/search:", key=f"search_{collection.id}"):
                st.session_state["go"] = collection.name
                st.rerun(scope="app")
        parts = [count(status.documents, "document"), count(status.pages, "page"), count(status.words, "word")]
        if collection.groups:
            parts.append("open to " + ", ".join(collection.groups))
        if status.paused:
            parts.append("paused")
        st.markdown(plain(" · ".join(parts)))
        _progress(status)
        if adaptation is not None:
            st.caption(plain(f"Adaptation: {verdict(adaptation)}"))
        if status.failures:
            _failures(collection, status.failures, reader)
        with st.expander("Documents", icon=":material/description:"):
            _documents(collection)
        if reader.viewer.manager:
            _actions(collection, status)


def _progress(status: CollectionStatus) -> None:
    left = _left(status)
    if not left:
        return
    done = status.pages - left
    st.progress(done / status.pages if status.pages else 0.0, text=f"{done:,} of {count(status.pages, 'page')} done")


def _failures(collection: CollectionRecord, failures: Sequence[Failure], reader: Reader) -> None:
    with st.expander(f"{count(len(failures), 'input')} failed", icon=":material/warning:", expanded=True):
        for failure in failures[:_FAILURES_SHOWN]:
            page = "" if failure.page is None else f", page {failure.page}"
            st.markdown(f"- **{plain(_shown_input(failure.input))}{page}**  \n  {plain(failure.reason)}")
        if len(failures) > _FAILURES_SHOWN:
            st.caption(f"And {len(failures) - _FAILURES_SHOWN:,} more; `manuspect status` lists them all.")
        if reader.viewer.manager:
            st.button(
                "Try again", key=f"retry_{collection.id}", icon=":material/refresh:",
                on_click=portal().importer.retry, args=(collection.name,),
            )  # fmt: skip


def _shown_input(uri: str) -> str:
    """Where a document came from, as the person who added it knows it: of an upload the file's name."""
    return Path(uri).name if is_upload(portal().settings.home, uri) else uri


def _documents(collection: CollectionRecord) -> None:
    documents = portal().catalogue.documents(collection.id, 0, _DOCUMENTS_SHOWN)
    names = {document.id: clean(document.label) for document in documents}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Open a document", list(names), index=None, format_func=lambda identity: names.get(identity, ""),
            key=f"document_{collection.id}", placeholder="Type a part of its name",
        )  # fmt: skip
        if st.button("Open", key=f"open_{collection.id}", disabled=chosen is None):
            st.session_state["open"] = chosen
            st.rerun(scope="app")
    st.dataframe(
        [_document_row(document) for document in documents], hide_index=True, alt="Documents of the collection"
    )
    if len(documents) == _DOCUMENTS_SHOWN:
        st.caption(f"The first {_DOCUMENTS_SHOWN} are shown.")


def _document_row(document: DocumentRecord) -> dict[str, Any]:
    details = "; ".join(f"{clean(key)}={clean(value)}" for key, value in document.details.items())
    return {
        "Document": clean(document.label),
        "Kind": document.kind,
        "Data": details,
        "From": clean(_shown_input(document.uri)),
    }


def _actions(collection: CollectionRecord, status: CollectionStatus) -> None:
    with st.container(horizontal=True):
        st.button(
            "Re-index", key=f"reindex_{collection.id}", icon=":material/autorenew:",
            help="Bring every page up to the present model and word finder. It stays searchable meanwhile.",
            on_click=portal().importer.reindex, args=(collection.name,), disabled=not status.pages,
        )  # fmt: skip
        if st.button("Delete", key=f"delete_{collection.id}", icon=":material/delete:"):
            st.session_state["delete"] = collection.name
            st.rerun(scope="app")


def _confirm_deletion(name: str, words: int) -> None:
    st.markdown(
        f"**{plain(name)}** and its {count(words, 'word')} will be removed from the index, with the stored page "
        "images. The files you added stay where they are. This cannot be undone."
    )
    typed = st.text_input("Type the collection's name to confirm", key="delete_name")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete_now", disabled=typed != name):
            portal().importer.remove(name)
            st.rerun()
        if st.button("Keep it", key="delete_not"):
            st.rerun()


def _follow_requests() -> None:
    """What was pressed inside the part that refreshes itself, and must happen outside of it."""
    reader = current_reader()
    names = {collection.name for collection in reader.collections}
    go, delete, opened = (st.session_state.pop(name, None) for name in ("go", "delete", "open"))
    if go in names:
        open_search(Asked(collections=(go,)))
    if opened and (pages := portal().catalogue.pages(opened, 0, 1)):
        open_page(pages[0].id, "", Asked())
    if delete in names and reader.viewer.manager:
        words = sum(status.words for status in _statuses(reader.collections) if status.name == delete)
        st.dialog("Delete a collection")(_confirm_deletion)(delete, words)
