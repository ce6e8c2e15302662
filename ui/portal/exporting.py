"""The results as a file, in every format of the engine."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from ui.portal.asked import Asked
from ui.portal.finder import Export
from ui.portal.reader import Reader, uploaded_crop
from ui.portal.runtime import portal

EXPORTS: tuple[Export, ...] = (
    Export("csv", "CSV table", "csv", "text/csv"),
    Export("jsonl", "JSON Lines", "jsonl", "application/x-ndjson"),
    Export("annotations", "W3C annotations", "json", "application/ld+json"),
    Export("manifest", "IIIF manifest", "json", "application/ld+json"),
    Export("alto", "ALTO 4", "xml", "application/xml"),
    Export("page", "PAGE 2019", "xml", "application/xml"),
)


def export_menu(question: Asked, reader: Reader) -> None:
    """A button for each format; the file is made when one is pressed."""
    with st.popover("Export", icon=":material/download:", help="Save all results, not only the ones shown"):
        for export in EXPORTS:
            st.download_button(
                export.label, _file(export, question, reader), file_name=f"manuspect-hits.{export.ending}",
                mime=export.media_type, key=f"export_{export.form}", on_click="ignore", width="stretch",
            )  # fmt: skip


def _file(export: Export, question: Asked, reader: Reader) -> Callable[[], bytes]:
    """Makes the file; what it needs of the session is taken now, since the press comes later."""
    here, collections, crop = portal(), reader.searched(question), uploaded_crop(question)

    def make() -> bytes:
        return "".join(here.finder.export(question, collections, crop, export.form)).encode()

    return make
