"""The portal as a reader uses it, in a real browser."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zipfile import ZipFile

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect
from portal_server import PATIENCE
from published import Published, publishing
from small_portal import FONT, write_page

from search.engine.export.forms import FORMS

LOADED = "images => images.every(image => image.complete && image.naturalWidth > 0)"


def search(page: Page, text: str) -> None:
    box = page.get_by_label("Find a word")
    box.fill(text)
    box.press("Enter")


def hits(page: Page) -> Any:
    return page.locator(".gallery-host .hit")


def headline(page: Page) -> Any:
    return page.locator(".st-key-headline")


def open_first_hit(page: Page, url: str, text: str = "harbour") -> None:
    page.goto(f"{url}/?q={text}")
    hits(page).first.locator(".crop").click()
    expect(page.locator(".viewer-host")).to_have_attribute("data-state", "ready")


def parameters(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_word_is_found_and_its_pictures_are_shown(portal: Any, page: Page) -> None:
    page.goto(portal.url)
    expect(page.get_by_text("Find a word in the hand that wrote it")).to_be_visible()
    search(page, "harbour")
    expect(headline(page)).to_contain_text("4 places on 3 pages")
    expect(hits(page)).to_have_count(4)
    expect(hits(page).first).to_contain_text(re.compile(r"9\d %"))
    page.wait_for_function(f"({LOADED})([...document.querySelectorAll('*')].flatMap(e => e.shadowRoot ? "
                           "[...e.shadowRoot.querySelectorAll('.hit img')] : []))")  # fmt: skip


def test_a_word_of_the_first_page_is_found_elsewhere(portal: Any, page: Page) -> None:
    page.goto(f"{portal.url}/?in=Harbour+office")
    begin = page.get_by_role("button", name="Find this word elsewhere")
    expect(begin).to_have_count(3)  # a page of each document
    begin.first.press("-")
    begin.first.press("Enter")
    expect(page.get_by_text("Searching by 1 hit marked right.")).to_be_visible()
    expect(headline(page)).to_contain_text("place")
    expect(hits(page).first).to_contain_text("harbour-")


def test_hits_are_walked_by_keyboard_and_opened(portal: Any, page: Page) -> None:
    page.goto(f"{portal.url}/?q=harbour")
    hits(page).first.locator(".crop").focus()
    page.keyboard.press("ArrowRight")
    expect(hits(page).nth(1).locator(".crop")).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("End")
    expect(hits(page).nth(3).locator(".crop")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".viewer-host")).to_have_attribute("data-state", "ready")
    expect(page.locator(".counter")).to_have_text("4 of 4")


def test_a_page_shows_its_hits_and_steps_through_them(portal: Any, page: Page) -> None:
    open_first_hit(page, portal.url)
    expect(page.locator(".counter")).to_have_text("1 of 4")
    expect(page.locator(".mark.current")).to_have_count(1)
    [before] = parameters(page)["hit"]
    page.get_by_role("button", name="Next hit").click()
    expect(page.locator(".counter")).to_have_text("2 of 4")
    expect(page).not_to_have_url(re.compile(f"hit={before}"))
    page.locator(".stage").press("n")
    expect(page.locator(".counter")).to_have_text("3 of 4")
    page.locator(".stage").press("p")
    expect(page.locator(".counter")).to_have_text("2 of 4")
    expect(page.get_by_text("On this line")).to_be_visible()
    expect(hits(page).get_by_text("The hit")).to_be_visible()
    page.get_by_role("button", name="Back to the hits").click()
    expect(headline(page)).to_contain_text("4 places")


def test_the_region_address_is_an_image(portal: Any, page: Page) -> None:
    open_first_hit(page, portal.url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.get_by_role("button", name="Addresses").click()
    link, address = (page.locator("[data-testid=stCode]").nth(n).inner_text().strip() for n in (0, 1))
    assert parse_qs(urlsplit(link).query)["hit"] == parameters(page)["hit"]
    assert re.search(r"/iiif/image/[0-9a-f-]{36}/\d+,\d+,\d+,\d+/", address)
    assert page.evaluate("navigator.clipboard.readText()") == address
    answer = page.request.get(address.replace("http://localhost:8501", portal.url))
    assert answer.status == 200
    assert Image.open(io.BytesIO(answer.body())).width > 50
    manifest = page.get_by_role("link", name="Mirador").get_attribute("href")
    assert manifest is not None and "%2Fiiif%2Fpresentation%2F" in manifest


def test_the_page_is_zoomed(portal: Any, page: Page) -> None:
    open_first_hit(page, portal.url)
    mark = page.locator(".mark.current")
    before = mark.bounding_box()
    page.get_by_role("button", name="Larger").click()
    page.wait_for_function(
        "([mark, width]) => mark.getBoundingClientRect().width > 1.3 * width",
        arg=[mark.element_handle(), before and before["width"]],
    )
    page.get_by_role("button", name="Whole page").click()
    page.wait_for_function(
        "([mark, width]) => mark.getBoundingClientRect().width < width",
        arg=[mark.element_handle(), before and before["width"]],
    )


def test_a_drawn_box_finds_the_word_elsewhere(portal: Any, page: Page) -> None:
    open_first_hit(page, portal.url, "barley")
    mark = page.locator(".mark.current")
    page.get_by_role("button", name="Draw a box").click()
    expect(page.locator(".message")).to_contain_text("Draw a box around a word")
    box = mark.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] - 3, box["y"] - 3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.move(box["x"] + box["width"] + 3, box["y"] + box["height"] + 3, steps=4)
    page.mouse.up()
    expect(page.get_by_text("Searching by 1 marked place")).to_be_visible()
    expect(headline(page)).to_contain_text("4 places on 4 pages")
    expect(page).to_have_url(re.compile("like=[^&]+(@|%40)"))


def test_an_uploaded_picture_finds_the_word(portal: Any, page: Page) -> None:
    picture = Image.new("L", (260, 70), 245)
    ImageDraw.Draw(picture).text((20, 15), "letters", fill=20, font=FONT)
    content = io.BytesIO()
    picture.save(content, "png")
    page.goto(portal.url)
    page.get_by_role("button", name="Example").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "word.png", "mimeType": "image/png", "buffer": content.getvalue()}
    )
    page.get_by_role("button", name="Find more like this picture").click()
    expect(page.get_by_text("Searching by an uploaded picture")).to_be_visible()
    expect(hits(page).first).to_contain_text("harbour-1")


def test_feedback_refines_and_more_like_this_starts_anew(portal: Any, page: Page) -> None:
    page.goto(f"{portal.url}/?q=harbour")
    hits(page).nth(1).get_by_role("button", name="This is the word").click()
    expect(page.get_by_text("Refined by 1 hit marked right.")).to_be_visible()
    hits(page).nth(1).locator(".crop").focus()
    expect(hits(page)).to_have_count(4)
    marked = hits(page).filter(has=page.locator(".up[aria-pressed=true]"))
    expect(marked).to_have_count(1)
    hits(page).nth(2).get_by_role("button", name="This is not the word").click()
    expect(page.get_by_text("Refined by 1 hit marked right and 1 hit marked wrong.")).to_be_visible()
    page.get_by_role("button", name="Forget examples").click()
    expect(page.get_by_text("Refined by")).to_have_count(0)
    hits(page).first.get_by_role("button", name="More like this").click()
    expect(page.get_by_text("Searching by 1 hit marked right.")).to_be_visible()
    expect(page.get_by_label("Find a word")).to_have_value("")
    expect(headline(page)).to_contain_text("4 places")
    page.goto(f"{page.url}&in=Garden+%26+%3Cb%3Ehouse%3C%2Fb%3E&min=0")  # the example lies in another collection
    expect(hits(page).first).to_contain_text("bold")


def test_filters_narrow_and_the_address_brings_them_back(portal: Any, page: Page, visitor: Callable[[], Page]) -> None:
    page.goto(f"{portal.url}/?q=barley")
    expect(headline(page)).to_contain_text("4 places on 4 pages")
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("textbox", name="Document data").fill("year=1840..1860")
    page.get_by_role("textbox", name="Document data").press("Enter")
    expect(headline(page)).to_contain_text("1 place on 1 page")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()
    page.get_by_text("By page", exact=True).click()
    expect(page.locator(".gallery-host h3")).to_have_count(1)
    other = visitor()
    other.goto(page.url)
    expect(headline(other)).to_contain_text("1 place on 1 page")
    expect(other.locator(".gallery-host h3")).to_have_count(1)
    expect(other.get_by_label("Find a word")).to_have_value("barley")


def test_results_are_exported_in_every_form(portal: Any, page: Page) -> None:
    page.goto(f"{portal.url}/?q=harbour")
    page.get_by_role("button", name="Export").click()
    files = {form.name: download(page, form.label) for form in FORMS}
    assert len(files) == 6
    assert files["csv"].decode().count("harbour-") == 4
    assert len([json.loads(line) for line in files["jsonl"].decode().splitlines()]) == 4
    assert files["annotations"].count(b"xywh=") >= 4 and b"Manifest" in files["manifest"]
    assert files["alto"].count(b"<String ") == 4
    with ZipFile(io.BytesIO(files["page"])) as archive:
        assert sum(archive.read(name).count(b"<Word ") for name in archive.namelist()) == 4


def download(page: Page, label: str) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=label, exact=True).click()
    return Path(waiting.value.path()).read_bytes()


def test_the_link_to_the_results_brings_them_back(portal: Any, page: Page, visitor: Callable[[], Page]) -> None:
    page.goto(f"{portal.url}/?q=barley&min=60&group=page&in=Harbour+office")
    page.get_by_role("button", name="Export").click()
    link = page.locator("[data-testid=stCode]").inner_text().strip()
    other = visitor()
    other.goto(link)
    expect(headline(other)).to_contain_text("3 places on 3 pages")
    expect(other.locator(".gallery-host h3")).to_have_count(3)


def test_filters_show_how_many_hits_each_leaves(portal: Any, page: Page) -> None:
    page.goto(f"{portal.url}/?q=barley")
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("slider", name="Least confidence").press("ArrowRight")
    expect(headline(page)).to_contain_text("4 places on 4 pages, at least 30 % sure")
    page.get_by_role("combobox", name="Year").click()
    expect(page.get_by_role("option")).to_have_text(["1793 (3)", "1850 (1)"])
    page.get_by_role("option", name="1850 (1)").click()
    expect(headline(page)).to_contain_text("1 place on 1 page")
    expect(page).to_have_url(re.compile("meta=year%3D1850"))


def test_paging_shows_every_hit_once(portal: Any, page: Page) -> None:
    page.goto(f"{portal.url}/?q=harbour&min=0&size=24&in=Harbour+office")
    total = int(headline(page).get_by_text("places").inner_text().split()[0])
    assert total > 48
    expect(hits(page)).to_have_count(24)
    seen = identities(page)
    for part in range(2, -(-total // 24) + 1):
        page.get_by_role("button", name="Next page").click()
        expect(page.locator(".st-key-pager")).to_contain_text(f"{24 * part - 23} to {min(24 * part, total)} of {total}")
        expect(hits(page).first).not_to_have_attribute("data-id", seen[-24])
        expect(hits(page)).to_have_count(min(24, total - len(seen)))
        expect(page).to_have_url(re.compile(f"part={part}(&|$)"))
        seen += identities(page)
    assert len(set(seen)) == total


def identities(page: Page) -> list[str]:
    return [hit.get_attribute("data-id") or "" for hit in hits(page).all()]


def test_typing_asks_nothing_and_the_last_question_wins(portal: Any, page: Page) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(portal.url)
    box = page.get_by_label("Find a word")
    box.click()
    expect(page.get_by_text("Find a word in the hand that wrote it")).to_be_visible()
    before = len(sent)
    page.keyboard.type("barley and tar and letters", delay=5)
    assert len(sent) == before
    for word in ("harbour", "barley", "letters", "ledgers", "roses"):
        search(page, word)
    expect(headline(page)).to_contain_text("1 place on 1 page")
    expect(hits(page)).to_contain_text("bold")
    expect(page).to_have_url(re.compile("q=roses"))


def test_a_hostile_name_is_only_text(portal: Any, page: Page) -> None:
    page.goto(f"{portal.url}/?q=roses")
    name = "<img src=x onerror=window.hacked=1> **bold** [a](http:b)"
    expect(hits(page).first).to_contain_text(name)
    hits(page).first.locator(".crop").click()
    expect(page.get_by_role("heading", name=f"{name}, page 1")).to_be_visible()
    page.goto(f"{portal.url}/collections")
    expect(page.get_by_role("heading", name="Garden & <b>house</b>")).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0


def test_a_query_that_breaks_the_grammar_is_told_in_words(portal: Any, page: Page) -> None:
    page.goto(portal.url)
    search(page, '"harbour')
    expect(page.get_by_text("That could not be understood")).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)
    page.get_by_role("button", name="Help").click()
    expect(page.get_by_role("cell", name="the words in this order")).to_be_visible()
    page.keyboard.press("Escape")
    search(page, "harbour")
    expect(hits(page)).to_have_count(4)


def test_two_readers_do_not_meet(portal: Any, visitor: Callable[[], Page]) -> None:
    first, second = visitor(), visitor()
    first.goto(portal.url)
    second.goto(portal.url)
    search(first, "harbour")
    search(second, "roses")
    expect(headline(first)).to_contain_text("4 places")
    expect(headline(second)).to_contain_text("1 place")
    expect(first.get_by_label("Find a word")).to_have_value("harbour")


def test_a_file_over_the_limit_or_of_another_kind_is_refused_in_words(portal: Any, page: Page) -> None:
    page.goto(f"{portal.url}/collections")
    page.get_by_text("Add to a collection").click()
    chooser = page.locator("input[type=file]")
    chooser.set_input_files({"name": "big.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7" + bytes(2 << 20)})
    refusal = page.get_by_text("File must be 1.0MB or smaller.")
    expect(refusal).to_be_visible()
    assert (refusal.bounding_box() or {"width": 0})["width"] > 100  # not only for screen readers
    chooser.set_input_files({"name": "run.exe", "mimeType": "application/x-dosexec", "buffer": b"MZ"})
    expect(page.get_by_text("files are not allowed")).to_be_visible()
    expect(page.get_by_role("button", name="Add files").last).to_be_disabled()


def test_scans_are_added_searched_repaired_and_deleted(portal: Any, page: Page, tmp_path: Path) -> None:
    good = write_page(tmp_path / "lighthouse.png", "the lighthouse keeper/wrote every night")
    bad = tmp_path / "broken.pdf"
    bad.write_bytes(b"%PDF-1.7 nothing else")
    begin_collection(page, portal.url, "Tower", "Upload")
    page.locator("input[type=file]").set_input_files([good, bad])
    page.get_by_test_id("stBaseButton-primary").filter(has_text="Add files").click()
    tower = collection(page, "Tower")
    expect(tower.get_by_text(re.compile(r"2 documents · 1 page · [1-9]\d* words"))).to_be_visible(timeout=2 * PATIENCE)
    expect(tower.get_by_text("1 input failed")).to_be_visible()
    expect(tower.get_by_text("broken.pdf").first).to_be_visible()
    tower.get_by_role("button", name="Search here").click()
    search(page, "lighthouse")
    expect(headline(page)).to_contain_text("1 place on 1 page")
    page.goto(f"{portal.url}/collections")
    tower.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete", exact=True)).to_be_disabled()
    dialog.get_by_label("Type the collection's name to confirm").fill("Tower")
    dialog.get_by_label("Type the collection's name to confirm").press("Enter")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog).to_have_count(0)  # while it is open, roles are those of the dialog alone
    expect(page.get_by_role("heading", name="Tower")).to_have_count(0, timeout=2 * PATIENCE)
    page.goto(f"{portal.url}/?q=lighthouse&min=90")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[Published]:
    """A manifest of four pages, whose images are held back."""
    texts = ("the miller ground rye", "sacks of flour/and bran", "the wheel froze", "water at the sluice")
    with publishing([write_page(tmp_path / f"{n}.png", text) for n, text in enumerate(texts)]) as published:
        yield published


def test_an_address_is_read_page_by_page_and_searched_meanwhile(
    portal: Any, page: Page, visitor: Callable[[], Page], mill: Published
) -> None:
    begin_collection(page, portal.url, "Mill", "IIIF address")
    give_place(page, "Manifest or collection", mill.address, "Add address")
    expect(page.get_by_text("Reading the address into Mill")).to_be_visible()
    card = collection(page, "Mill")
    expect(card.get_by_text("0 of 4 pages done")).to_be_visible(timeout=2 * PATIENCE)
    mill.give(1)
    expect(card.get_by_text("1 of 4 pages done")).to_be_visible(timeout=2 * PATIENCE)
    other = visitor()
    other.goto(f"{portal.url}/?q=miller")
    expect(headline(other)).to_contain_text("1 place on 1 page")
    mill.give(3)
    expect(card.get_by_text("3 of 4 pages done")).to_be_visible(timeout=2 * PATIENCE)
    mill.give(4)
    expect(card.get_by_role("progressbar")).to_have_count(0, timeout=2 * PATIENCE)
    expect(card.get_by_text(re.compile(r"1 document · 4 pages · 1\d words"))).to_be_visible()
    search(other, "sluice")
    expect(hits(other)).to_contain_text("Mill accounts")


def test_a_folder_is_added_and_what_failed_is_tried_again(portal: Any, page: Page, tmp_path: Path) -> None:
    write_page(tmp_path / "forge" / "1.png", "the smith shod horses")
    (tmp_path / "forge" / "2.png").write_bytes(b"torn")
    begin_collection(page, portal.url, "Forge", "Folder on the server")
    give_place(page, "Folder or file", str(tmp_path / "nowhere"), "Add folder")
    expect(page.get_by_text("There is no such folder")).to_be_visible()
    give_place(page, "Folder or file", str(tmp_path / "forge"), "Add folder")
    card = collection(page, "Forge")
    expect(card.get_by_text("1 input failed")).to_be_visible(timeout=2 * PATIENCE)
    write_page(tmp_path / "forge" / "2.png", "anvil and tongs")
    card.get_by_role("button", name="Try again").click()
    expect(card.get_by_text("1 input failed")).to_have_count(0, timeout=2 * PATIENCE)
    expect(card.get_by_text(re.compile(r"2 documents · 2 pages · \d+ words"))).to_be_visible()
    expect(card.get_by_role("progressbar")).to_have_count(0, timeout=2 * PATIENCE)
    card.get_by_role("button", name="Search here").click()
    search(page, "anvil")
    expect(headline(page)).to_contain_text("1 place on 1 page")


def test_an_address_that_is_refused_is_no_link(portal: Any, page: Page, mill: Published) -> None:
    begin_collection(page, portal.url, "Weir", "IIIF address")
    give_place(page, "Manifest or collection", mill.absent, "Add address")
    card = collection(page, "Weir")
    expect(card.get_by_text("absent.json").first).to_be_visible(timeout=2 * PATIENCE)
    expect(card.get_by_text("404").first).to_be_visible()
    expect(card.get_by_role("link")).to_have_count(0)


def begin_collection(page: Page, url: str, name: str, tab: str) -> None:
    page.goto(f"{url}/collections")
    page.get_by_text("Add to a collection").click()
    page.get_by_role("combobox", name="Collection").fill(name)
    page.get_by_role("combobox", name="Collection").press("Enter")
    page.get_by_role("tab", name=tab).click()


def give_place(page: Page, label: str, place: str, button: str) -> None:
    page.get_by_role("textbox", name=label).fill(place)
    page.get_by_role("textbox", name=label).press("Enter")
    page.get_by_role("button", name=button).click()


def collection(page: Page, name: str) -> Locator:
    return page.locator("[class*=st-key-collection_]").filter(has=page.get_by_role("heading", name=name))
