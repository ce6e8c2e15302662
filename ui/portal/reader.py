"""The person at the page: who they are, what they may see, and the picture they uploaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from ingest.catalogue.records import CollectionRecord
from ui.portal.address import CROP_KEY
from ui.portal.asked import Asked
from ui.portal.finder import Reach
from ui.portal.identity import page_viewer, visible_collections
from ui.portal.runtime import portal
from ui.service.access import Viewer


@dataclass(frozen=True, slots=True)
class Reader:
    """Read anew at every run of a page, so that a change of access shows at once."""

    viewer: Viewer
    collections: Sequence[CollectionRecord]
    """Those they may see, by name."""

    def reach(self, question: Asked) -> Reach:
        """The collections a question goes to: those chosen, all where none is, and none that may not be seen."""
        visible = tuple(c.id for c in self.collections)
        chosen = tuple(c.id for c in self.collections if c.name in question.collections)
        return Reach(chosen if question.collections else visible, visible)

    def may_see(self, collection_id: str) -> bool:
        """Whether the collection of that id is among theirs."""
        return any(collection.id == collection_id for collection in self.collections)


def current_reader() -> Reader:
    """Whoever looks at this page now."""
    here = portal()
    viewer = page_viewer(here.settings)
    return Reader(viewer, visible_collections(here.catalogue.collections(), viewer))


def uploaded_crop(question: Asked) -> bytes | None:
    """The picture the question speaks of, None where this session does not have it."""
    digest, content = st.session_state.get(CROP_KEY, ("", None))
    return content if digest and digest == question.crop else None
