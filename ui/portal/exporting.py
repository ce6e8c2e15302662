"""The results as a file, in every form of the engine."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from search.engine.export.forms import FORMS, Form
from ui.portal.address import link_to
from ui.portal.asked import Asked
from ui.portal.reader import Reader, uploaded_crop
from ui.portal.runtime import portal


def export_menu(question: Asked, reader: Reader) -> None:
    """A button for each form, and the link; the file is made when its button is pressed."""
    with st.popover("Export", icon=":material/download:"):
        st.caption("All results, not only the ones shown")
        for form in FORMS:
            ending, media_type = ("zip", "application/zip") if form.name == "page" else (form.ending, form.media_type)
            st.download_button(
                form.label, _file(form, question, reader), file_name=f"manuspect-hits.{ending}", mime=media_type,
                key=f"export_{form.name}", on_click="ignore", width="stretch",
            )  # fmt: skip
        st.caption("Link to these results")
        st.code(link_to("", question.to_params()), language=None, wrap_lines=True)


def _file(form: Form, question: Asked, reader: Reader) -> Callable[[], bytes]:
    """Makes the file; what it needs of the session is taken now, since the press comes later."""
    here, reach, crop = portal(), reader.reach(question), uploaded_crop(question)
    return lambda: here.finder.export(question, reach, crop, form.name)
