"""Ways to take a place on a page elsewhere: addresses to cite, and other viewers."""

from __future__ import annotations

import streamlit as st

from ingest.catalogue.records import PageRecord
from ingest.geometry import Region
from ingest.iiif.regions import region_url
from ui.portal.address import link_to
from ui.portal.asked import Asked
from ui.portal.runtime import portal
from ui.portal.viewers import PlaceInManifest


def page_links(page: PageRecord, canvas: tuple[int, int], focus: Region | None, question: Asked, word: str) -> None:
    """Draw them; `focus` is the region of the hit, `word` its id, where there is one."""
    place = _place(page, canvas, focus)
    cited = {
        "This page with what was asked": link_to("page", {**question.to_params(), "page": page.id, "hit": word}),
        "IIIF region": region_address(page, focus),
        "Canvas": page.canvas + (f"#xywh={focus.xywh}" if focus else ""),
        "Manifest": place.manifest,
    }
    with st.container(horizontal=True, key="links"):
        with st.popover("Addresses", icon=":material/link:"):
            for label, address in cited.items():
                st.caption(label)
                st.code(address, language=None, wrap_lines=True)
        for viewer in portal().viewers:
            st.link_button(
                viewer.name, viewer.address(place), icon=":material/open_in_new:",
                help=f"Open this page in {viewer.name}. It must be able to reach this portal.",
            )  # fmt: skip


def region_address(page: PageRecord, region: Region | None) -> str:
    """The IIIF Image API address of the region, at its source where that has a service; of the page without one."""
    known = region_url(page, region, _base()) if region is not None else None
    return known or f"{_base()}/iiif/image/{page.id}/full/max/0/default.jpg"


def _place(page: PageRecord, canvas: tuple[int, int], focus: Region | None) -> PlaceInManifest:
    before = portal().catalogue.pages(page.document_id, 0, page.number - 1)
    return PlaceInManifest(
        manifest=f"{_base()}/iiif/presentation/{page.document_id}/manifest",
        canvas=page.canvas,
        index=sum(other.width is not None for other in before),  # the others are not in the manifest
        xywh=focus.xywh if focus else f"0,0,{canvas[0]},{canvas[1]}",
    )


def _base() -> str:
    return portal().settings.base_url.rstrip("/")
