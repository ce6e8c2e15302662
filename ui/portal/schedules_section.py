"""Work that recurs: when it last succeeded, and the places that are looked at again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from ingest.catalogue.records import CollectionRecord
from ingest.catalogue.schedules import ScheduleRecord, Schedules, Watch
from ui.portal.times import ago, interval
from ui.portal.words import plain

if TYPE_CHECKING:
    from ui.portal.runtime import Portal

WHAT = {
    "watch": "Look at watched places",
    "resegment": "Find the words anew after an update",
    "reembed": "Change to a new model",
    "adapt": "Learn the hands of collections",
    "clean": "Clear away what was removed",
    "optimize": "Optimise the index",
    "retain": "Delete half-written files",
}
"""Schedule -> what people call it."""


def schedules_section(collections: Sequence[CollectionRecord], here: Portal) -> None:
    """Draw it, folded away; what is watched is shown of these collections alone."""
    section = st.expander("Schedules", icon=":material/schedule:", key="schedules", on_change="rerun")
    if not section.open:
        return
    with section:
        if here.settings.broker_url is None:
            st.markdown("Schedules need workers, and this portal works without: no broker is set up.")
            return
        schedules = Schedules(here.catalogue)
        _schedules(schedules.all(), here)
        _watches(schedules, collections)


def _schedules(records: dict[str, ScheduleRecord], here: Portal) -> None:
    from workers.schedules import SCHEDULES

    rows = []
    for name, schedule in SCHEDULES.items():
        seconds = schedule.seconds(here.settings)
        rows.append(
            {
                "What": WHAT[name],
                "Every": interval(seconds) if seconds else "never",
                "Last success": ago(records[name].succeeded if name in records else None),
                "Now": _now(records.get(name)),
            }
        )
    st.table(rows)


def _now(record: ScheduleRecord | None) -> str:
    if record is None:
        return "waits for its first run"
    if record.holder is not None:
        return "runs"
    return plain(f"failed: {record.error}") if record.error else "well"


def _watches(schedules: Schedules, collections: Sequence[CollectionRecord]) -> None:
    names = {collection.id: collection.name for collection in collections}
    watches = [watch for watch in schedules.watches() if watch.collection_id in names]
    st.markdown("**Watched places**")
    if not watches:
        st.caption("None. When you add a folder or an address, you can have it looked at again and again.")
    for watch in watches:
        _watch(schedules, watch, names[watch.collection_id])


def _watch(schedules: Schedules, watch: Watch, collection: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        seen = f"failed: {watch.error}" if watch.error else f"looked at: {ago(watch.seen)}"
        st.markdown(f"{plain(watch.uri)} for *{plain(collection)}*  \n{plain(seen)}")
        st.button(
            "Watch no more", key=f"unwatch_{watch.id}", on_click=schedules.unwatch,
            args=(watch.collection_id, watch.uri),
        )  # fmt: skip
