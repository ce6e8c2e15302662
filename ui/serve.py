"""Serving the portal and the HTTP service to browsers."""

from __future__ import annotations

import gc
import importlib
import threading

import streamlit as st
import structlog
import uvicorn
from starlette.applications import Starlette

from infra.errors import ManuspectError
from infra.settings import Settings
from ui.portal.app import create_portal
from ui.portal.engine_finder import EngineFinder
from ui.portal.identity import identify_requests, sign_in_secrets
from ui.service.app import create_app
from workers.context import Context

log = structlog.get_logger(__name__)


def serve(settings: Settings, host: str = "127.0.0.1", port: int = 8501, *, only_iiif: bool = False) -> None:
    """Serve until interrupted; `only_iiif`: without the portal. Raises SettingsError where sign-in is set up by half.

    Without a base URL in the settings, the address served becomes the public one.
    """
    if "base_url" not in settings.model_fields_set:
        settings = settings.model_copy(update={"base_url": f"http://{_in_url(host)}:{port}"})
    with Context(settings) as context:
        finder = EngineFinder(context)
        application = _application(context, finder, host, only_iiif=only_iiif)
        threading.Thread(target=_warm_up, args=(finder,), name="warm-up", daemon=True).start()
        log.info("serving", address=f"http://{_in_url(host)}:{port}", public=settings.base_url)
        uvicorn.run(application, host=host, port=port, access_log=False, log_level="warning")


def _application(context: Context, finder: EngineFinder, host: str, *, only_iiif: bool) -> Starlette | st.App:
    settings = context.settings
    if only_iiif:
        sign_in_secrets(settings)
        return create_app(settings, finder.find_in_document, identify=identify_requests(settings))
    return create_portal(settings, context, finder, finder.find_in_document, host=host)


def _in_url(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _warm_up(finder: EngineFinder) -> None:
    """Load the model before the first question; what fails is told when somebody asks."""
    importlib.import_module("pandas")  # Streamlit looks for data frames in what a component is given
    try:
        finder.warm_up()
    except ManuspectError as error:
        log.warning("the search is not ready", reason=str(error))
    gc.collect()
    gc.freeze()  # what is loaded now stays; looking through it again would stop all threads for a quarter of a second
