"""The portal as one ASGI application: Streamlit's pages, our components and the IIIF service."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import streamlit as st
import structlog
from starlette.middleware import Middleware
from streamlit.web import bootstrap

from infra.settings import Settings
from ui.portal.appearance import options
from ui.portal.background import BackgroundImporter
from ui.portal.finder import Finder
from ui.portal.identity import identify_requests, sign_in_secrets
from ui.portal.notices import something_failed
from ui.portal.runtime import Portal, install
from ui.portal.sign_in import SignInAnswers
from ui.portal.viewers import parse_viewers
from ui.portal.widgets import component_route
from ui.service.app import build_service
from ui.service.content_search_routes import FindInDocument
from workers.context import Context

log = structlog.get_logger(__name__)


def create_portal(
    settings: Settings, context: Context, finder: Finder, find_in_document: FindInDocument, *, host: str = "127.0.0.1"
) -> st.App:
    """The application, and the portal that its pages find; one in a process. Raises SettingsError."""
    secrets = sign_in_secrets(settings)
    bootstrap.load_config_options(options(settings, local=is_loopback(host)))
    service = build_service(settings, context.files, find_in_document, identify=identify_requests(settings))
    install(
        Portal(
            settings=settings,
            catalogue=context.catalogue,
            finder=finder,
            importer=BackgroundImporter(context),
            images=service.images,
            on_loopback=is_loopback(host) and secrets is None,
            viewers=parse_viewers(settings.viewers),
        )
    )
    return st.App(
        Path(__file__).parent / "main.py",
        routes=[*service.routes(), component_route()],
        middleware=[Middleware(SignInAnswers)] if secrets is not None else [],
        secrets=secrets,
        on_script_error=_report,
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server bound to that address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _report(error: Exception) -> bool:
    log.error("page failed", exc_info=error)
    return something_failed(error)
