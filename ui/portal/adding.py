"""Adding scans: by upload, from a folder of the server, or from a IIIF address."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import streamlit as st

from infra.errors import UsageError
from ingest.catalogue.schedules import Schedules
from ui.details import Detail, parse_details
from ui.portal.access_menu import HELP, groups_of
from ui.portal.notices import errors_in_words
from ui.portal.uploads import keep_upload
from ui.portal.words import count, plain
from ui.service.access import Viewer
from workers.inputs import identity

if TYPE_CHECKING:
    from ui.portal.runtime import Portal

FILE_TYPES = ["pdf", "tif", "tiff", "jpg", "jpeg", "png", "jp2", "webp", "json"]
_MOST_FILES = 200


def add_form(names: Sequence[str], viewer: Viewer, here: Portal) -> None:
    """The form, folded away where there is something to look at already."""
    with st.expander("Add to a collection", icon=":material/add:", expanded=not names):
        collection = st.selectbox(
            "Collection", names, index=None, accept_new_options=True, key="add_collection",
            placeholder="Choose one, or type a new name",
        )  # fmt: skip
        st.text_input(
            "Data of the documents (optional)", key="add_details", placeholder="year=1840; place=Lyon",
            help="Recorded with every document added now, to filter by.",
        )  # fmt: skip
        if here.settings.oidc_metadata_url is not None:
            st.text_input("Groups that may see it, if it is new", key="add_groups", help=HELP)
        upload, folder, address = st.tabs(["Upload", "Folder on the server", "IIIF address"])
        named = partial(_named, collection, names, viewer, here)
        with upload, errors_in_words():
            _upload(named, here)
        with folder, errors_in_words():
            _folder(named, here)
        with address, errors_in_words():
            _address(named, here)
        if added := st.session_state.pop("added", None):
            st.toast(added, icon=":material/check:", duration="long")  # outlasts the page being made anew


def _upload(named: Callable[[], str], here: Portal) -> None:
    generation = st.session_state.setdefault("add_generation", 0)
    files = st.file_uploader(
        "PDF, TIFF, JPEG, PNG, JPEG 2000, WebP, or a IIIF manifest", type=FILE_TYPES, accept_multiple_files=True,
        key=f"add_files_{generation}", max_upload_size=here.settings.max_upload_mb,
    )  # fmt: skip
    if st.button("Add files", key="add_upload", type="primary", disabled=not files):
        name, details = named(), _details()
        if len(files) > _MOST_FILES:
            raise UsageError(
                f"At most {_MOST_FILES} files can be uploaded at once; put more into a folder on the server."
            )
        paths = [keep_upload(here.settings.home, file.name, file.getvalue()) for file in files]
        here.importer.add(name, [str(path) for path in paths], details)
        st.session_state["add_generation"] = generation + 1
        _added(name, count(len(paths), "file"))


def _folder(named: Callable[[], str], here: Portal) -> None:
    roots = [Path(root) for root in here.settings.import_folders.split(os.pathsep) if root]
    if not roots and not here.on_loopback:
        st.markdown(
            "No server folder is open to the portal. An administrator can name some in `MANUSPECT_IMPORT_FOLDERS`."
        )
        return
    where = "any folder of this machine" if not roots else "a folder in " + ", ".join(map(str, roots))
    path = st.text_input("Folder or file", key="add_path", help=plain(where), placeholder="/srv/scans/fonds-12")
    again = _watch_box("add_folder_again", here)
    if st.button("Add folder", key="add_folder", type="primary", disabled=not path):
        chosen = Path(path).expanduser().resolve()
        if roots and not any(chosen.is_relative_to(root.resolve()) for root in roots):
            raise UsageError("That folder is not open to the portal.")
        if not chosen.exists():
            raise UsageError("There is no such folder or file on the server.")
        _add_place(named(), str(chosen), "the folder", again, here)


def _address(named: Callable[[], str], here: Portal) -> None:
    url = st.text_input("Manifest or collection", key="add_url", placeholder="https://example.org/iiif/manifest.json")
    again = _watch_box("add_address_again", here)
    if st.button("Add address", key="add_address", type="primary", disabled=not url):
        if urlsplit(url.strip()).scheme not in ("http", "https"):
            raise UsageError("The address must begin with http:// or https://.")
        _add_place(named(), url.strip(), "the address", again, here)


def _watch_box(key: str, here: Portal) -> bool:
    """Whether to look there again and again, which only workers can do."""
    if here.settings.broker_url is None:
        return False
    return bool(st.checkbox("Look here again and again for what is new", key=key))


def _add_place(name: str, place: str, what: str, again: bool, here: Portal) -> None:
    details = _details()
    here.importer.add(name, [place], details)
    if again:
        Schedules(here.catalogue).watch(here.catalogue.add_collection(name).id, identity(place), dict(details))
    _added(name, what)


def _details() -> tuple[Detail, ...]:
    return parse_details(st.session_state["add_details"] or "")


def _named(collection: str | None, names: Sequence[str], viewer: Viewer, here: Portal) -> str:
    """The name that was chosen, or typed; not that of a collection whose name this person cannot see.

    A new collection is open from the start only to the groups that were typed.
    """
    name = (collection or "").strip()
    if not name:
        raise UsageError("Choose a collection first, or type a new name.")
    if len(name) > 255 or not name.isprintable():
        raise UsageError("A collection's name has at most 255 visible characters.")
    if name not in names and here.catalogue.collection(name) is not None:
        raise UsageError("This name is taken; choose another.")
    groups = groups_of(st.session_state.get("add_groups"), viewer)
    if groups and name not in names:
        here.catalogue.set_groups(here.catalogue.add_collection(name).id, groups)
    return name


def _added(name: str, what: str) -> None:
    st.session_state["added"] = f"Reading {what} into *{plain(name)}*. You can search what is done already."
    st.rerun()
