"""What a page says when there is nothing to show, or something failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import streamlit as st

from infra.errors import IndexBusyError, ManuspectError, UsageError
from ingest.catalogue.records import CollectionStatus
from ui.portal.address import ask, asked
from ui.portal.words import count, plain


@contextmanager
def errors_in_words(*, again: bool = False) -> Iterator[None]:
    """Errors meant for people become a message in the page; the rest of the page goes on.

    `again`: with a button to try once more, where the fault is not in what was asked.
    """
    try:
        yield
    except UsageError as error:
        _not_understood(str(error))
    except IndexBusyError as error:
        st.info(
            f"The index is in use by another process; try again in a moment. {plain(error)}",
            icon=":material/hourglass:",
        )
        _again(again)
    except ManuspectError as error:
        st.error(plain(error), icon=":material/error:")
        _again(again)


def _not_understood(message: str) -> None:
    """The reason; a query that breaks the grammar is shown with a mark under the place."""
    reason, _, shown = message.partition("\n")
    st.warning(f"That could not be understood: {plain(reason)}", icon=":material/help:")
    if shown:
        st.code(shown, language=None)


def _again(offered: bool) -> None:
    if offered:
        st.button("Try again", icon=":material/refresh:", key="ask_again")  # the page is made anew at any press


def something_failed(error: Exception) -> bool:
    """Shown for an error nobody foresaw; the details are in the log, not on the page."""
    st.error(
        "Something went wrong here, and it has been written to the server's log. Reload the page to go on; "
        f"if it happens again, give your administrator this name: {plain(type(error).__name__)}.",
        icon=":material/error:",
    )
    return True


def welcome(searchable: Sequence[CollectionStatus]) -> None:
    """Before anything was asked; `searchable`: the collections with words in them."""
    with st.container(key="welcome"):
        if searchable:
            st.subheader("Find a word in the hand that wrote it", anchor=False)
            st.markdown(
                "Type a word and press Enter. You will see every place where it seems to be written, on the page "
                "image, with how sure the match is. Nobody needs to have transcribed anything."
            )
            st.markdown(
                "You can also point at a word: open a page and draw a box around it, or upload a picture of it."
            )
            words, pages = (sum(getattr(status, what) for status in searchable) for what in ("words", "pages"))
            inside = count(words, "word"), count(pages, "page"), count(len(searchable), "collection")
            st.markdown("Here are {} on {} of {}.".format(*inside))
        else:
            st.subheader("Nothing is indexed yet", anchor=False)
            st.markdown("Add scans, PDFs or IIIF manifests under *Collections*, and search while they are being read.")


def nothing_found(least: int, filtered: bool) -> None:
    """Nothing above the least confidence."""
    with st.container(key="nothing"):
        st.subheader("Not found", anchor=False)
        hints = [f"No place is at least {least} % sure. Lower the confidence to see weaker matches."]
        if filtered:
            hints.append("Filters are set; clearing them searches everything.")
        hints.append("Try another spelling, or mark a word on a page and search by its picture.")
        st.markdown("\n".join(f"- {hint}" for hint in hints))
        if least:
            st.button("Show the nearest places anyway", key="show_nearest", on_click=_show_all)


def _show_all() -> None:
    ask(replace(asked(), least=0, part=1))
