"""What is there and how far it is; and the ways to add, repair and remove."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ingest.catalogue.adaptations import Adaptations
from ingest.catalogue.labels import Labels
from ingest.catalogue.queued import QueuedWork
from ingest.catalogue.records import CollectionRecord, CollectionStatus
from ui.pace import pages_left, seconds_left
from ui.portal import notices
from ui.portal.adding import add_form
from ui.portal.address import open_page, open_search
from ui.portal.asked import Asked
from ui.portal.collection_card import State, collection_card
from ui.portal.importing import Activity
from ui.portal.reader import Reader, current_reader
from ui.portal.runtime import portal
from ui.portal.schedules_section import schedules_section
from ui.portal.words import count, plain

_REFRESH_SECONDS = 2.0


def show() -> None:
    """Draw the page."""
    _follow_requests()
    reader = current_reader()
    st.header("Collections", anchor=False)
    with notices.errors_in_words():
        if reader.viewer.manager:
            add_form([collection.name for collection in reader.collections], reader.viewer, portal())
        busy = _is_busy(portal().importer.activities(), reader)
        st.fragment(_listing, run_every=_REFRESH_SECONDS if busy else None)(busy)
        if reader.viewer.manager and reader.collections:
            schedules_section(reader.collections, portal())


def statuses_of(collections: Sequence[CollectionRecord]) -> dict[str, CollectionStatus]:
    """By name, of these collections."""
    names = {collection.name for collection in collections}
    return {status.name: status for status in portal().catalogue.status() if status.name in names}


def _is_busy(activities: Sequence[Activity], reader: Reader) -> bool:
    statuses = statuses_of(reader.collections).values()
    return (
        any(activity.running for activity in activities)
        or any(pages_left(status) and not status.paused for status in statuses)
        or bool(QueuedWork(portal().catalogue).inputs_by_collection())
    )


def _listing(refreshed: bool) -> None:
    """All collections; `refreshed`: run again every few seconds, as while something is going on."""
    with notices.errors_in_words():
        reader, catalogue = current_reader(), portal().catalogue
        activities = portal().importer.activities()
        busy = _is_busy(activities, reader)  # before the rest is read: what ends in between shows at the next run
        statuses = statuses_of(reader.collections)
        inputs = QueuedWork(catalogue).inputs_by_collection()
        seconds = seconds_left(catalogue, list(statuses.values()))
        adapted, marked = Adaptations(catalogue).latest(), Labels(catalogue).counts()
        _activity(activities, reader)
        if not reader.collections:
            with st.container(key="no_collections"):
                st.subheader("No collection yet", anchor=False)
                st.markdown("Add scans above, and they become searchable page by page.")
        for collection in reader.collections:
            if (status := statuses.get(collection.name)) is not None:
                state = State(
                    status,
                    inputs.get(collection.id, 0),
                    seconds.get(collection.name),
                    adapted.get(collection.id),
                    marked.get(collection.id, 0),
                )
                collection_card(collection, state, reader.viewer)
        if busy != refreshed:
            st.rerun()


def _activity(activities: Sequence[Activity], reader: Reader) -> None:
    """What is being done, as far as this person may know of it."""
    visible = {collection.name for collection in reader.collections}
    for activity in activities:
        name = plain(activity.collection)
        if activity.collection not in visible:
            continue
        if activity.error is not None:
            st.error(f"{plain(activity.what)} in *{name}* stopped. {plain(activity.error)}", icon=":material/error:")
        elif activity.running:
            st.info(f"{plain(activity.what)} in *{name}*. You can search meanwhile.", icon=":material/sync:")


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
    visible = {collection.name for collection in reader.collections}
    go, delete, opened = (st.session_state.pop(name, None) for name in ("go", "delete", "open"))
    if go in visible:
        open_search(Asked(collections=(go,)))
    if opened and (pages := portal().catalogue.pages(opened, 0, 1)):
        open_page(pages[0].id, "", Asked())
    if delete in visible and reader.viewer.manager:
        words = statuses_of(reader.collections)[delete].words
        st.dialog("Delete a collection")(_confirm_deletion)(delete, words)
