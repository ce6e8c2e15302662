"""Signing in with an OpenID provider, and collections visible by group in pages, images and searches."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_rules import broken_rules
from oidc_provider import CLIENT, SECRET, providing
from playwright.sync_api import Locator, Page, expect
from portal_server import PATIENCE, free_port, serving

from infra.settings import Settings
from ingest.catalogue import Catalogue


@dataclass
class Guarded:
    url: str
    provider: int
    """Port at which the portal looks for the OpenID provider."""
    document: str
    """Of a collection that only gardeners may see."""
    page: str


@pytest.fixture
def guarded(filled_home: Path, tmp_path: Path) -> Iterator[Guarded]:
    """The portal with sign-in; no provider is there yet."""
    home = tmp_path / "home"
    shutil.copytree(filled_home, home, ignore=shutil.ignore_patterns("*.lock"))
    with Catalogue(Settings(home=home).catalogue_url) as catalogue:
        garden = next(c for c in catalogue.collections() if c.name.startswith("Garden"))
        catalogue.set_groups(garden.id, ["gardeners"])
        [document] = catalogue.documents(garden.id)
        [page] = catalogue.pages(document.id)
    provider = free_port()
    with serving(
        home, free_port(), tmp_path / "portal.log",
        MANUSPECT_OIDC_METADATA_URL=f"http://localhost:{provider}/.well-known/openid-configuration",
        MANUSPECT_OIDC_CLIENT_ID=CLIENT, MANUSPECT_OIDC_CLIENT_SECRET=SECRET,
        MANUSPECT_COOKIE_SECRET="a secret that signs cookies in tests only", MANUSPECT_MANAGER_GROUPS="keepers",
    ) as served:  # fmt: skip
        yield Guarded(served.url, provider, document.id, page.id)


def sign_in(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=name).click()
    expect(page.get_by_text(f"Signed in as {name}")).to_be_visible()


def test_people_see_what_their_groups_may(guarded: Guarded, visitor: Callable[[], Page]) -> None:
    image = f"{guarded.url}/iiif/image/{guarded.page}/full/200,/0/default.jpg"
    search = f"{guarded.url}/iiif/search/2/{guarded.document}?q=roses"
    ada, bob = visitor(), visitor()
    ada.goto(f"{guarded.url}/?q=roses&min=15")
    expect(ada.get_by_role("button", name="Sign in")).to_be_visible(timeout=2 * PATIENCE)
    expect(ada.locator(".gallery-host")).to_have_count(0)
    assert (ada.request.get(image).status, ada.request.get(search).status) == (401, 401)
    ada.get_by_role("button", name="Sign in").click()
    expect(ada.get_by_text("The sign-in service cannot be reached just now.")).to_be_visible()
    assert broken_rules(ada) == []

    with providing(guarded.provider):
        ada.get_by_role("button", name="Try again").click()
        ada.get_by_role("link", name="Nobody").click()
        expect(ada.get_by_text("Nobody was signed in.")).to_be_visible()
        ada.get_by_role("button", name="Try again").click()
        ada.get_by_role("link", name="Ada").click()
        expect(ada.get_by_text("Signed in as Ada")).to_be_visible()
        sign_in(bob, guarded.url, "Bob")
    expect(ada.locator(".st-key-headline")).to_contain_text("1 place on 1 page, at least 15 % sure")  # as was asked
    assert (ada.request.get(image).status, ada.request.get(search).status) == (200, 200)
    ada.goto(f"{guarded.url}/collections")
    expect(ada.get_by_text("Add to a collection")).to_be_visible()
    expect(ada.get_by_role("heading", name="Garden")).to_be_visible()

    bob.goto(f"{guarded.url}/?q=roses&min=90")
    expect(bob.get_by_role("heading", name="Not found")).to_be_visible()
    assert (bob.request.get(image).status, bob.request.get(search).status) == (404, 404)
    bob.goto(f"{guarded.url}/page?page={guarded.page}")
    expect(bob.get_by_role("heading", name="No such page")).to_be_visible()
    bob.goto(f"{guarded.url}/collections")
    expect(bob.get_by_role("heading", name="Harbour office")).to_be_visible()
    expect(bob.get_by_role("heading", name="Garden")).to_have_count(0)
    expect(bob.get_by_text("Add to a collection")).to_have_count(0)
    expect(bob.get_by_role("button", name="Delete")).to_have_count(0)

    garden = ada.locator("[class*=st-key-collection_]").filter(has=ada.get_by_role("heading", name="Garden"))
    give_access(ada, garden, "strangers")
    expect(ada.get_by_text("would not see the collection any more")).to_be_visible()
    give_access(ada, garden, "gardeners, visitors")
    expect(garden.get_by_text("open to gardeners, visitors")).to_be_visible()
    expect_status(bob, image, 200)  # what the image service knows of access is a few seconds old
    bob.goto(f"{guarded.url}/?q=roses")
    expect(bob.locator(".st-key-headline")).to_contain_text("1 place")


def give_access(page: Page, collection: Locator, groups: str) -> None:
    box = page.get_by_label("Groups that may see it", exact=True)
    if not box.is_visible():
        collection.get_by_role("button", name="Access").click()
    box.fill(groups)
    box.press("Enter")
    page.get_by_role("button", name="Save").click()


def expect_status(page: Page, address: str, status: int) -> None:
    for _ in range(40):
        if page.request.get(address).status == status:
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"{address} never answered {status}")
