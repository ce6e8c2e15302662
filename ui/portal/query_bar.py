"""The search box with its help, and the ways to search by example."""

from __future__ import annotations

import hashlib

import streamlit as st

from ui.portal.address import CROP_KEY, ask, asked
from ui.portal.asked import Asked
from ui.portal.filters import filters_menu, mirror
from ui.portal.reader import Reader, uploaded_crop
from ui.portal.words import count, plain

_HELP = """
| type | to find |
|---|---|
| `Barcelona` | one word, however it is spelt in capitals or accents |
| `rey don` | pages that have all of the words |
| `"rey don Alfonso"` | the words in this order, as neighbours |
| `rey OR roi` | either word |
| `rey -reina` | the first, on pages without the second |
| `Barcelona~` | looser matches too |

The percentage on a hit is how likely it is the word; the total counts hits above the confidence you chose.
Arrow keys walk through the hits, Enter opens the page, `m` finds more like it, `+` and `-` mark it right or wrong.
"""
CROP_TYPES = ["png", "jpg", "jpeg", "webp", "tif", "tiff"]
_CROP_MB = 10


def query_bar(question: Asked, reader: Reader) -> None:
    """The box and the buttons beside it."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="query"):
        mirror("ask_text", question.text)
        st.text_input(
            "Find a word",
            key="ask_text",
            type="search",
            placeholder="a word, a name, “a phrase”",
            max_chars=1000,
            on_change=_change_text,
            autocomplete="off",
        )
        with st.popover("Example", icon=":material/image_search:"):
            _by_example()
        filters_menu(question, reader)
        with st.popover("Help", icon=":material/help:"), st.container(key="help"):
            st.markdown(_HELP)
    _examples(question)


def _change_text() -> None:
    """Another word is another question: what was marked for the one before does not speak of it."""
    ask(asked().about(st.session_state["ask_text"] or ""))


def _by_example() -> None:
    st.markdown("Upload a picture of one word, cut close to the ink.")
    picture = st.file_uploader(
        "Picture of a word", type=CROP_TYPES, key="crop_upload", max_upload_size=_CROP_MB, label_visibility="collapsed"
    )
    if picture is not None and st.button("Find more like this picture", key="crop_ask", type="primary"):
        content = picture.getvalue()
        digest = hashlib.sha256(content).hexdigest()[:16]
        st.session_state[CROP_KEY] = (digest, content)
        ask(asked().by_example(crop=digest))
        st.rerun()
    st.caption("Or open a page and draw a box around a word there.")


def _examples(question: Asked) -> None:
    """The examples that take part in the question, with a way to drop them."""
    parts = []
    if question.places:
        parts.append(count(len(question.places), "marked place"))
    if question.crop:
        parts.append("an uploaded picture")
    if question.liked:
        parts.append(f"{count(len(question.liked), 'hit')} marked right")
    if question.disliked:
        parts.append(f"{count(len(question.disliked), 'hit')} marked wrong")
    if not parts:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="examples"):
        together = " and ".join(parts)
        st.markdown(f"Refined by {plain(together)}." if question.text else f"Searching by {plain(together)}.")
        st.button("Forget examples", key="forget", on_click=_forget, type="tertiary", icon=":material/close:")
    if question.crop and uploaded_crop(question) is None:
        st.info("This link speaks of an uploaded picture, which links do not carry. Upload it again under *Example*.")


def _forget() -> None:
    ask(asked().about(asked().text))
