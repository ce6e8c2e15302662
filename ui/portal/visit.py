"""One visit: sign in where that is needed, then the page that was asked for."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.portal import collections_view, page_view, search_view
from ui.portal.identity import page_viewer
from ui.portal.runtime import portal
from ui.portal.words import plain

_FOLDER = Path(__file__).parent / "components"
_MARK = str(_FOLDER / "mark.svg")
_STYLE = (_FOLDER / "portal.css").read_text(encoding="utf-8")


def show() -> None:
    """Draw what the visitor asked for."""
    st.set_page_config(page_title="Manuspect", page_icon=":material/ink_pen:", layout="wide")
    st.html(f"<style>{_STYLE}</style>")
    st.logo(_MARK, size="large", link=None)
    views = {
        "search": st.Page(search_view.show, title="Search", icon=":material/search:", url_path="search", default=True),
        "page": st.Page(page_view.show, title="Page", url_path="page", visibility="hidden"),
        "collections": st.Page(
            collections_view.show, title="Collections", icon=":material/inventory_2:", url_path="collections"
        ),
    }
    st.session_state["views"] = views
    viewer = page_viewer(portal().settings)
    view = st.navigation(list(views.values()), position="top" if viewer.admitted else "hidden")
    if not viewer.admitted:
        _sign_in()
        return
    if viewer.name:
        _signed_in(viewer.name)
    view.run()


def _sign_in() -> None:
    with st.container(key="sign_in"):
        st.title("Manuspect", anchor=False)
        st.markdown("Search handwritten collections nobody has transcribed. Please sign in to read.")
        st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)


def _signed_in(name: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="account"):
        st.caption(f"Signed in as {plain(name)}")
        st.button("Sign out", type="tertiary", on_click=st.logout)
