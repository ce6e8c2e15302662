"""Looks and behaviour of the portal as Streamlit options: a reading room by day and by lamplight.

Text on paper, on the dark ground and in messages keeps a contrast of at least 7 to 1, accents at least 4.5 to 1
(WCAG AA).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from infra.settings import Settings

_SHARED = {
    "font": "sans-serif",
    "headingFont": "serif",
    "headingFontSizes": ["2rem", "1.6rem", "1.35rem", "1.15rem", "1rem", "0.9rem"],
    "baseRadius": "6px",
    "showWidgetBorder": True,
}
LIGHT = {
    "primaryColor": "#8a3b12",
    "backgroundColor": "#fbf8f1",
    "secondaryBackgroundColor": "#f2ecdf",
    "textColor": "#2b241b",
    "linkColor": "#7a3410",
    "borderColor": "#d2c7b2",
    "grayTextColor": "#5f5647",
    "blueTextColor": "#2f4858",
    "blueBackgroundColor": "#e8ecea",
    "greenTextColor": "#29552f",
    "greenBackgroundColor": "#e6eedd",
    "yellowTextColor": "#5f4600",
    "yellowBackgroundColor": "#f6ecca",
    "redTextColor": "#86190f",
    "redBackgroundColor": "#f8e5de",
}
DARK = {
    "primaryColor": "#e3a35c",
    "backgroundColor": "#1b1916",
    "secondaryBackgroundColor": "#262320",
    "textColor": "#ece5d8",
    "linkColor": "#ecb577",
    "borderColor": "#4a443b",
    "grayTextColor": "#b8ae9c",
    "blueTextColor": "#b3ccd9",
    "blueBackgroundColor": "#222e35",
    "greenTextColor": "#b1d8b4",
    "greenBackgroundColor": "#213326",
    "yellowTextColor": "#ecd596",
    "yellowBackgroundColor": "#3a311a",
    "redTextColor": "#f5b3a8",
    "redBackgroundColor": "#3d2420",
}


def options(settings: Settings, *, local: bool) -> dict[str, Any]:
    """Streamlit options, dotted name to value. `local`: only browsers of this machine are expected."""
    public = urlsplit(settings.base_url).hostname or "localhost"
    themes = {
        **{f"theme.{name}": value for name, value in _SHARED.items()},
        **{f"theme.light.{name}": value for name, value in LIGHT.items()},
        **{f"theme.dark.{name}": value for name, value in DARK.items()},
    }
    return {
        **themes,
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "browser.gatherUsageStats": False,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.maxUploadSize": settings.max_upload_mb,
        # A page elsewhere must not reach this machine's portal through a name that leads to 127.0.0.1.
        "server.allowedHosts": ["localhost", "127.0.0.1", "::1", public] if local else [],
        "server.enableXsrfProtection": True,
        "runner.magicEnabled": False,
        # Streamlit's own collection after every run would stop all threads while it looks through the whole model.
        "runner.postScriptGC": False,
        "global.suppressDeprecationWarnings": True,
        # Widgets show what the address says, so their values are set although they have defaults.
        "global.disableWidgetStateDuplicationWarning": True,
    }
