"""The page's address is the only memory of a question: widgets show it, callbacks change it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from ui.portal.asked import Asked
from ui.portal.runtime import portal

CROP_KEY = "uploaded_crop"
"""Session key of the uploaded picture: (digest, encoded bytes)."""


def asked() -> Asked:
    """The question in the address."""
    return Asked.from_params({name: st.query_params.get_all(name) for name in st.query_params})


def ask(question: Asked) -> None:
    """Put another question into the address of this page; what else is there stays."""
    kept = {name: st.query_params.get_all(name) for name in ("page", "hit") if name in st.query_params}
    st.query_params.from_dict({**question.to_params(), **kept})


def parameter(name: str) -> str:
    """A parameter of the address that is no part of a question; empty where absent."""
    return str(st.query_params.get(name, ""))


def open_page(page: str, hit: str, question: Asked) -> None:
    """Show a page with the hits of a question on it."""
    st.switch_page(st.session_state["views"]["page"], query_params={**question.to_params(), "page": page, "hit": hit})


def open_search(question: Asked) -> None:
    """Show the results of a question."""
    st.switch_page(st.session_state["views"]["search"], query_params=question.to_params())


def link_to(view: str, params: Mapping[str, str | list[str]]) -> str:
    """The public address of a view, which brings back the same for whoever may see it."""
    return f"{portal().settings.base_url.rstrip('/')}/{view}?{urlencode(params, doseq=True)}"
