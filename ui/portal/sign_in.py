"""Signing in: the page that offers it, and Streamlit's answers on the way made into pages of ours.

Streamlit answers with a bare line of text where the provider cannot be reached, with silence where it refuses, and
always leads to the first page. Here both are told in words, and whoever followed a link gets to where it leads.
"""

from __future__ import annotations

from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.portal.address import parameter
from ui.portal.identity import USER_COOKIE
from ui.portal.words import plain

_BEGIN, _END = "/auth/login", "/oauth2callback"
_COOKIE = "manuspect_wanted"
"""Carries the page that was asked for past the provider."""
_LONGEST = 2000
_NOTE = "sign_in"
_FAILURES = {
    "unreachable": "The sign-in service cannot be reached just now. Try again in a moment; if it goes on, tell the "
    "people who run this portal.",
    "failed": "Nobody was signed in. Try again; if it goes on, tell the people who run this portal.",
}


def sign_in_page() -> None:
    """Draw it; with what went wrong at the last try."""
    failure = _FAILURES.get(parameter(_NOTE))
    with st.container(key="sign_in"):
        st.title("Manuspect", anchor=False)
        st.markdown("Search handwritten collections nobody has transcribed. Please sign in to read.")
        if failure:
            st.warning(failure, icon=":material/cloud_off:")
        st.button("Try again" if failure else "Sign in", type="primary", icon=":material/login:", on_click=st.login)


def account(name: str) -> None:
    """Draw who is signed in, and the way out."""
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="account"):
        st.caption(f"Signed in as {plain(name)}")
        st.button("Sign out", type="tertiary", on_click=st.logout)


class SignInAnswers:
    """ASGI middleware around the two addresses that Streamlit signs people in at."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; what these two addresses answer is changed on its way back."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path not in (_BEGIN, _END):
            await self._app(scope, receive, send)
            return
        change = _begun if path == _BEGIN else _ended
        wanted = _asked_for(HTTPConnection(scope))

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                change(message, wanted)
            await send(message)

        await self._app(scope, receive, answer)


def _begun(message: Message, wanted: str) -> None:
    headers = MutableHeaders(scope=message)
    if message["status"] >= 400:
        message["status"] = 303
        headers["location"] = _noted(wanted, "unreachable")
    else:
        headers.append("set-cookie", f"{_COOKIE}={quote(wanted, safe='')}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax")


def _ended(message: Message, wanted: str) -> None:
    headers = MutableHeaders(scope=message)
    cookies = SimpleCookie("; ".join(value.partition(";")[0] for value in headers.getlist("set-cookie")))
    signed_in = USER_COOKIE in cookies and bool(cookies[USER_COOKIE].value)
    headers["location"] = wanted if signed_in else _noted(wanted, "failed")
    headers.append("set-cookie", f"{_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")


def _asked_for(request: HTTPConnection) -> str:
    """The page that the reader wants, as a path of this server with its question; never an address elsewhere."""
    kept = unquote(request.cookies.get(_COOKIE, ""))
    came_from = urlsplit(kept if request.url.path == _END else request.headers.get("referer", ""))
    question = urlencode([pair for pair in parse_qsl(came_from.query) if pair[0] != _NOTE])
    wanted = "/" + came_from.path.lstrip("/\\") + (f"?{question}" if question else "")
    return wanted if wanted.isascii() and wanted.isprintable() and len(wanted) <= _LONGEST else "/"


def _noted(wanted: str, note: str) -> str:
    return f"{wanted}{'&' if '?' in wanted else '?'}{urlencode({_NOTE: note})}"
