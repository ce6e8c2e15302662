"""One visit: sign in where that is needed, then the page that was asked for."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.portal import collections_view, page_view, search_view
from ui.portal.identity import page_viewer
from ui.portal.runtime import portal
from ui.portal.sign_in import account, sign_in_page

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
        sign_in_page()
        return
    if viewer.name:
        account(viewer.name)
    view.run()
