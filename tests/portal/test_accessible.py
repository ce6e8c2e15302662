"""Contrast of our colours, and axe-core's rules of WCAG 2.2 AA on every page, by day and by lamplight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from ui.portal.appearance import DARK, LIGHT

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_can_be_told_apart(theme: dict[str, str]) -> None:
    for ground in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        assert contrast(theme["textColor"], ground) >= 7
        for accent in ("primaryColor", "linkColor", "grayTextColor"):
            assert contrast(theme[accent], ground) >= 4.5
    for colour in ("blue", "green", "yellow", "red"):
        assert contrast(theme[f"{colour}TextColor"], theme[f"{colour}BackgroundColor"]) >= 7
    assert contrast(MARK, theme["backgroundColor"]) >= 3  # the name at the top is large text


MARK = "#a8632f"


def open_page(page: Page) -> None:
    page.locator(".gallery-host .hit .crop").first.click()
    expect(page.locator(".viewer-host")).to_have_attribute("data-state", "ready")
    expect(page.get_by_text("On this line")).to_be_visible()


def open_filters(page: Page) -> None:
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("combobox", name="Collections")).to_be_visible()


def open_form(page: Page) -> None:
    page.get_by_text("Add to a collection").click()
    expect(page.get_by_role("button", name="Add files")).to_be_visible()


def come_to_rest(page: Page) -> None:
    """The page is whole and still: colours fade in."""
    expect(page.locator(".stApp[data-test-script-state=notRunning]")).to_be_visible()
    page.wait_for_timeout(500)


PAGES: dict[str, tuple[str, Callable[[Page], None] | None]] = {
    "welcome": ("/", None),
    "by page": ("/?q=harbour&group=page", None),
    "not found": ("/?q=harbour&min=100", None),
    "filters": ("/?q=harbour", open_filters),
    "page": ("/?q=harbour", open_page),
    "collections": ("/collections", open_form),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_pages_keep_the_rules(portal: Any, page: Page, name: str, scheme: Any) -> None:
    address, act = PAGES[name]
    page.emulate_media(color_scheme=scheme)
    page.goto(portal.url + address)
    if act is not None:
        act(page)
    come_to_rest(page)
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(rule["id"], [node["html"][:300] for node in rule["nodes"][:3]]) for rule in found] == []
