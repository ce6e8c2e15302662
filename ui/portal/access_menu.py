"""Which groups may see a collection: shown and changed by managers, where people sign in."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from infra.errors import UsageError
from ingest.catalogue.records import CollectionRecord
from ui.portal.notices import errors_in_words
from ui.portal.runtime import portal
from ui.service.access import Viewer

HELP = "Names of groups, separated by commas. Empty: everyone who may sign in."


def access_menu(collection: CollectionRecord, viewer: Viewer) -> None:
    """The button, and what it opens."""
    if portal().settings.oidc_metadata_url is None:
        return
    with st.popover("Access", icon=":material/lock:"), errors_in_words():
        typed = st.text_input(
            "Groups that may see it", ", ".join(collection.groups), key=f"groups_{collection.id}", help=HELP
        )
        if st.button("Save", key=f"access_{collection.id}", type="primary"):
            portal().catalogue.set_groups(collection.id, groups_of(typed, viewer))
            st.rerun()


def groups_of(typed: str | None, viewer: Viewer) -> Sequence[str]:
    """The groups that were typed; UsageError where this person would no longer see the collection."""
    groups = list(dict.fromkeys(name for part in (typed or "").split(",") if (name := part.strip())))
    if not viewer.may_see(groups):
        raise UsageError("You are in none of these groups, and would not see the collection any more.")
    return groups
