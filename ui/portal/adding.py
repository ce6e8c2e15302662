"""Adding scans: by upload, from a folder of the server, or from a IIIF address."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import streamlit as st

from infra.errors import UsageError
from ui.portal.notices import errors_in_words
from ui.portal.uploads import keep_upload
from ui.portal.words import count, plain

if TYPE_CHECKING:
    from ui.portal.runtime import Portal

FILE_TYPES = ["pdf", "tif", "tiff", "jpg", "jpeg", "png", "jp2", "webp", "json"]
_MOST_FILES = 200


def add_form(names: Sequence[str], here: Portal) -> None:
    """The form, folded away where there is something to look at already."""
    with st.expander("Add to a collection", icon=":material/add:", expanded=not names):
        collection = st.selectbox(
            "Collection", names, index=None, accept_new_options=True, key="add_collection",
            placeholder="Choose one, or type a new name",
        )  # fmt: skip
        upload, folder, address = st.tabs(["Upload", "Folder on the server", "IIIF address"])
        with upload, errors_in_words():
            _upload(collection, here)
        with folder, errors_in_words():
            _folder(collection, here)
        with address, errors_in_words():
            _address(collection, here)
        if added := st.session_state.pop("added", None):
            st.success(added, icon=":material/check:")


def _upload(collection: str | None, here: Portal) -> None:
    generation = st.session_state.setdefault("add_generation", 0)
    files = st.file_uploader(
        "PDF, TIFF, JPEG, PNG, JPEG 2000, WebP, or a IIIF manifest", type=FILE_TYPES, accept_multiple_files=True,
        key=f"add_files_{generation}", max_upload_size=here.settings.max_upload_mb,
    )  # fmt: skip
    if st.button("Add files", key="add_upload", type="primary", disabled=not files):
        name = _named(collection)
        if len(files) > _MOST_FILES:
            raise UsageError(
                f"At most {_MOST_FILES} files can be uploaded at once; put more into a folder on the server."
            )
        paths = [keep_upload(here.settings.home, file.name, file.getvalue()) for file in files]
        here.importer.add(name, [str(path) for path in paths])
        st.session_state["add_generation"] = generation + 1
        _added(name, count(len(paths), "file"))


def _folder(collection: str | None, here: Portal) -> None:
    roots = [Path(root) for root in here.settings.import_folders.split(os.pathsep) if root]
    if not roots and not here.on_loopback:
        st.markdown(
            "No server folder is open to the portal. An administrator can name some in `MANUSPECT_IMPORT_FOLDERS`."
        )
        return
    where = "any folder of this machine" if not roots else "a folder in " + ", ".join(map(str, roots))
    path = st.text_input("Folder or file", key="add_path", help=plain(where), placeholder="/srv/scans/fonds-12")
    if st.button("Add folder", key="add_folder", type="primary", disabled=not path):
        name, chosen = _named(collection), Path(path).expanduser().resolve()
        if roots and not any(chosen.is_relative_to(root.resolve()) for root in roots):
            raise UsageError("That folder is not open to the portal.")
        if not chosen.exists():
            raise UsageError("There is no such folder or file on the server.")
        here.importer.add(name, [str(chosen)])
        _added(name, "the folder")


def _address(collection: str | None, here: Portal) -> None:
    url = st.text_input("Manifest or collection", key="add_url", placeholder="https://example.org/iiif/manifest.json")
    if st.button("Add address", key="add_address", type="primary", disabled=not url):
        name = _named(collection)
        if urlsplit(url.strip()).scheme not in ("http", "https"):
            raise UsageError("The address must begin with http:// or https://.")
        here.importer.add(name, [url.strip()])
        _added(name, "the address")


def _named(collection: str | None) -> str:
    name = (collection or "").strip()
    if not name:
        raise UsageError("Choose a collection first, or type a new name.")
    if len(name) > 255 or not name.isprintable():
        raise UsageError("A collection's name has at most 255 visible characters.")
    return name


def _added(name: str, what: str) -> None:
    st.session_state["added"] = f"Reading {what} into *{plain(name)}*. You can search what is done already."
    st.rerun()
