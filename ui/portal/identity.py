"""Who is asking: the claims that an OpenID provider made about them, from Streamlit's signed cookie."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st
from starlette.requests import HTTPConnection
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

from infra.errors import SettingsError
from infra.settings import Settings
from ingest.catalogue.records import CollectionRecord
from ui.service.access import Identify, Viewer, anyone

USER_COOKIE = "_streamlit_user"
"""Streamlit's, signed: the claims."""
_STRANGER = Viewer(admitted=False, manager=False)


def sign_in_secrets(settings: Settings) -> dict[str, Any] | None:
    """What `st.login` needs, None where no sign-in is configured. Raises SettingsError where something is missing."""
    if settings.oidc_metadata_url is None:
        return None
    if not settings.oidc_client_id or settings.oidc_client_secret is None or settings.cookie_secret is None:
        raise SettingsError(
            "Sign-in needs MANUSPECT_OIDC_CLIENT_ID, MANUSPECT_OIDC_CLIENT_SECRET and MANUSPECT_COOKIE_SECRET too."
        )
    return {
        "auth": {
            "redirect_uri": f"{settings.base_url.rstrip('/')}/oauth2callback",
            "cookie_secret": settings.cookie_secret.get_secret_value(),
            "client_id": settings.oidc_client_id,
            "client_secret": settings.oidc_client_secret.get_secret_value(),
            "server_metadata_url": settings.oidc_metadata_url,
        }
    }


def viewer_of(claims: Mapping[str, Any], settings: Settings) -> Viewer:
    """The person those claims are about; a stranger where they do not say that somebody signed in."""
    if claims.get("is_logged_in") is not True:
        return _STRANGER
    listed = claims.get(settings.groups_claim)
    groups = frozenset(str(group) for group in listed) if isinstance(listed, list | tuple) else frozenset[str]()
    if isinstance(listed, str):
        groups = frozenset({listed})
    managers = {name.strip() for name in settings.manager_groups.split(",") if name.strip()}
    name = next(
        (str(claims[key]) for key in ("name", "preferred_username", "email", "sub") if claims.get(key)), "reader"
    )
    return Viewer(name=name, groups=groups, manager=not managers or not managers.isdisjoint(groups))


def identify_requests(settings: Settings) -> Identify:
    """Tells who sent an HTTP request to the service, by the same cookie as the pages."""
    if settings.oidc_metadata_url is None or settings.cookie_secret is None:
        return anyone
    secret = settings.cookie_secret.get_secret_value()

    def identify(connection: HTTPConnection) -> Viewer:
        def part(name: str) -> bytes | None:
            value = connection.cookies.get(name)
            return None if value is None else decode_signed_value(secret, name, value.encode("latin-1", "replace"))

        content = get_cookie_with_chunks(part, USER_COOKIE)
        try:
            claims = json.loads(content) if content else {}
        except ValueError:
            claims = {}
        return viewer_of(claims, settings) if isinstance(claims, dict) else _STRANGER

    return identify


def page_viewer(settings: Settings) -> Viewer:
    """Who looks at the page that runs now."""
    if settings.oidc_metadata_url is None:
        return Viewer()
    return viewer_of(st.user.to_dict(), settings)


def visible_collections(collections: list[CollectionRecord], viewer: Viewer) -> list[CollectionRecord]:
    """Those that this person may see."""
    return [collection for collection in collections if viewer.may_see(collection.groups)]
