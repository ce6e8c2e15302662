"""Our two browser components: the gallery of hits and the page viewer.

Their code is served by our own routes under `/manuspect/` and loaded by a few inline lines: Streamlit serves component
files only for packages that bear their distribution's name, which this application's folders do not.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

FOLDER = Path(__file__).parent / "components"
ROUTE = "/manuspect/components"

_LOADER = """
const ready = import(new URL("{address}", window.location.origin).href);
export default function (component) {{
  let gone = false, end;
  ready.then((module) => {{ if (!gone) end = module.default(component); }}).catch(() => {{
    component.parentElement.firstElementChild.textContent = "This part could not be loaded. Reload the page.";
  }});
  return () => {{ gone = true; end?.(); }};
}}
"""

_GALLERY_HTML = '<div class="gallery-host"></div>'
_VIEWER_HTML = """
<div class="viewer-host" data-state="loading">
  <div class="bar" role="toolbar" aria-label="Page">
    <button type="button" data-do="previous" aria-keyshortcuts="p" aria-label="Previous hit"
      title="Previous hit (p)">‹<span class="word"> Previous</span></button>
    <span class="counter" role="status"></span>
    <button type="button" data-do="next" aria-keyshortcuts="n" aria-label="Next hit"
      title="Next hit (n)"><span class="word">Next </span>›</button>
    <span class="space"></span>
    <button type="button" data-do="smaller" aria-label="Smaller" title="Smaller">−</button>
    <button type="button" data-do="larger" aria-label="Larger" title="Larger">+</button>
    <button type="button" data-do="whole" title="Show the whole page">Whole page</button>
    <button type="button" data-do="back" title="Back to the hit">To the hit</button>
    <button type="button" data-do="draw" aria-pressed="false" aria-keyshortcuts="b"
      title="Draw a box around a word to find it elsewhere (b)">Draw a box</button>
    <button type="button" data-do="copy" title="Copy the IIIF address of the marked region">Copy link</button>
  </div>
  <div class="frame">
    <div class="stage" tabindex="0" role="img" aria-label="Page image"></div>
    <p class="message" role="status">Loading the page…</p>
  </div>
</div>
"""


def component_route() -> Mount:
    """Where the browser gets the components' code."""
    return Mount(ROUTE, StaticFiles(directory=FOLDER), name="components")


def gallery(data: dict[str, Any], *, key: str) -> tuple[str, Any] | None:
    """Show hits; returns what was just done to one of them: (open | like, id) or (vote, {id, vote}), else None."""
    return _mount("gallery", _GALLERY_HTML, data, key, ("open", "like", "vote"))


def viewer(data: dict[str, Any], *, key: str) -> tuple[str, Any] | None:
    """Show a page; returns what was just done: (select, id), (drawn, "x,y,w,h") or (step, -1 | 1), else None."""
    return _mount("viewer", _VIEWER_HTML, data, key, ("select", "drawn", "step"))


def _mount(name: str, html: str, data: dict[str, Any], key: str, events: tuple[str, ...]) -> tuple[str, Any] | None:
    component = st.components.v2.component(f"manuspect_{name}", html=html, css=_css(name), js=_loader(name))
    result = component(data=data, key=key, **{f"on_{event}_change": _nothing for event in events})
    for event in events:
        value = getattr(result, event)
        if value is not None:
            return event, value
    return None


@functools.cache
def _css(name: str) -> str:
    return (FOLDER / f"{name}.css").read_text(encoding="utf-8")


@functools.cache
def _loader(name: str) -> str:
    content = (FOLDER / f"{name}.js").read_bytes()
    return _LOADER.format(address=f"{ROUTE}/{name}.js?v={hashlib.sha256(content).hexdigest()[:12]}")


def _nothing() -> None:
    """A component's event is only reported where a callback is registered."""
