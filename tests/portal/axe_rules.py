"""axe-core's rules of WCAG 2.2 AA on what a browser shows, by day and by lamplight."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def broken_rules(page: Page) -> list[tuple[str, str, list[str]]]:
    """Scheme, rule and the first places of every breach; the page keeps the dark scheme."""
    found: list[tuple[str, str, list[str]]] = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        _come_to_rest(page)
        rules = Axe().run(page, options=RULES).response["violations"]
        found += [(scheme, rule["id"], [node["html"][:300] for node in rule["nodes"][:3]]) for rule in rules]
    return found


def _come_to_rest(page: Page) -> None:
    """The page is whole and still: colours fade in."""
    expect(page.locator(".stApp[data-test-script-state=notRunning]")).to_be_visible()
    page.wait_for_timeout(500)
