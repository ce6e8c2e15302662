"""Contrast of our colours, and every page in every state against the rules of accessibility."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from axe_rules import broken_rules
from PIL import Image
from playwright.sync_api import Page, expect

from ui.portal.appearance import DARK, LIGHT


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


def choose_picture(page: Page) -> None:
    picture = io.BytesIO()
    Image.new("L", (200, 60), 245).save(picture, "png")
    page.get_by_role("button", name="Example").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "word.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    expect(page.get_by_role("button", name="Find more like this picture")).to_be_visible()


def press(name: str, then: str) -> Callable[[Page], None]:
    """Press that button; what then shows this text is there."""

    def act(page: Page) -> None:
        page.get_by_role("button", name=name).first.click()
        expect(page.get_by_text(then).first).to_be_visible()

    return act


def vote(page: Page) -> None:
    page.get_by_role("button", name="This is the word").first.click()
    expect(page.get_by_text("Refined by 1 hit marked right.")).to_be_visible()


def show_addresses(page: Page) -> None:
    open_page(page)
    press("Addresses", "Manifest")(page)


def refuse_file(page: Page) -> None:
    open_form(page)
    page.locator("input[type=file]").set_input_files(
        {"name": "big.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7" + bytes(2 << 20)}
    )
    expect(page.get_by_text("File must be 1.0MB or smaller.")).to_be_visible()


def open_documents(page: Page) -> None:
    page.get_by_text("Documents", exact=True).first.click()
    expect(page.get_by_text("Open a document").first).to_be_visible()


PAGES: dict[str, tuple[str, Callable[[Page], None] | None]] = {
    "welcome": ("/", None),
    "help": ("/", press("Help", "the words in this order")),
    "picture chosen": ("/", choose_picture),
    "gallery": ("/?q=harbour", None),
    "vote": ("/?q=harbour", vote),
    "export": ("/?q=harbour", press("Export", "All results")),
    "by page": ("/?q=harbour&group=page", None),
    "not found": ("/?q=harbour&min=100", None),
    "not understood": ("/?q=%22harbour", None),
    "filters": ("/?q=harbour", open_filters),
    "page": ("/?q=harbour", open_page),
    "addresses": ("/?q=harbour", show_addresses),
    "no page": ("/page?page=none", None),
    "collections": ("/collections", open_form),
    "refused file": ("/collections", refuse_file),
    "documents": ("/collections", open_documents),
    "schedules": ("/collections", lambda page: page.get_by_text("Schedules").click()),
    "deletion": ("/collections", press("Delete", "Delete a collection")),
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_keep_the_rules(portal: Any, page: Page, name: str) -> None:
    address, act = PAGES[name]
    page.goto(portal.url + address)
    if act is not None:
        act(page)
    assert broken_rules(page) == []
