"""Photographs of the portal in every state, to look at: `python tests/portal/photograph.py FOLDER [STATE...]`.

At the widths of a phone, a tablet and a desk, by day and by lamplight, over the sample collection, which is ingested
into FOLDER the first time. Each state is one sheet a scheme, FOLDER/STATE-SCHEME.png. Those of the documentation are
`results-light-1440.png` and `page-light-1440.png`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from conftest import CHROMIUM, CHROMIUM_ARGS
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute, sync_playwright
from staged_homes import HOUSES, SAMPLES, serving
from staged_portal import BUSY, FAULTY, SLOW, UNREACHABLE

SIZES = [(390, 844), (820, 1180), (1440, 900)]
SCHEMES = ("light", "dark")


def click(name: str, role: str = "button") -> Callable[[Page], None]:
    return lambda page: page.get_by_role(role, name=name, exact=name == "Delete").first.click()  # type: ignore[arg-type]


def unfold(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_text(name, exact=True).first.click()


def schedules(page: Page) -> None:
    unfold("Schedules")(page)
    page.get_by_role("button", name="Watch no more").last.scroll_into_view_if_needed()


def open_page(page: Page) -> None:
    page.locator(".gallery-host .hit .crop").first.click()
    page.locator(".viewer-host[data-state=ready]").wait_for()


def in_page(name: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        open_page(page)
        rest(page)
        page.get_by_role("button", name=name).click()

    return act


def draw(page: Page) -> None:
    in_page("Draw a box")(page)
    box = page.locator(".mark.current").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] - 4, box["y"] - 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 4, box["y"] + box["height"] + 4, steps=5)


def drawn(page: Page) -> None:
    draw(page)
    page.mouse.up()
    page.get_by_text("Searching by 1 marked place").wait_for()


def vote(page: Page) -> None:
    page.get_by_role("button", name="This is the word").nth(1).click()
    page.get_by_text("Refined by").wait_for()
    rest(page)
    page.get_by_role("button", name="This is not the word").nth(4).click()
    page.get_by_text("marked wrong").wait_for()


def crop(page: Page) -> None:
    click("Example")(page)
    word = io.BytesIO()
    Image.open(SAMPLES / "commonplace" / "page-02.jpg").crop((300, 300, 620, 400)).save(word, "png")
    page.locator("input[type=file]").set_input_files(
        {"name": "word.png", "mimeType": "image/png", "buffer": word.getvalue()}
    )


def add(tab: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        unfold("Add to a collection")(page)
        page.get_by_role("tab", name=tab).click()

    return act


def refused_file(page: Page) -> None:
    add("Upload")(page)
    page.locator("input[type=file]").set_input_files(
        {"name": "a-scan-of-far-too-many-pages.pdf", "mimeType": "application/pdf", "buffer": b"%PDF" + bytes(2 << 20)}
    )


def sign_in(page: Page) -> None:
    click("Sign in")(page)
    page.get_by_role("link", name="Ada").click()
    page.get_by_text("Signed in as").wait_for()


def access(page: Page) -> None:
    sign_in(page)
    page.goto(page.url.partition("/?")[0] + "/collections")
    rest(page)
    click("Access")(page)


def refused_page(page: Page) -> None:
    sign_in(page)
    page.goto(page.url.partition("/?")[0] + "/page?page=another")


def cut_off(page: Page) -> None:
    """The server is gone: every connection of the page is closed, and so is each new one."""
    sockets: list[WebSocketRoute] = []
    cut = [False]

    def connect(socket: WebSocketRoute) -> None:
        if cut[0]:
            socket.close()
        else:
            socket.connect_to_server()
            sockets.append(socket)

    page.route_web_socket("**/stream*", connect)
    page.reload()
    rest(page)
    cut[0] = True
    for socket in sockets:
        socket.close()
    page.wait_for_timeout(6000)


STATES: dict[str, tuple[str, str, Callable[[Page], None] | None]] = {
    "empty": ("empty", "/", None),
    "empty-collections": ("empty", "/collections", None),
    "home": ("house", "/", None),
    "searching": ("house", f"/?q={SLOW}", None),
    "results": ("house", "/?q=Marigold", None),
    "weak": ("house", "/?q=Marigold&min=0", None),
    "by-page": ("house", "/?q=lighthouse&group=page", None),
    "not-found": ("house", "/?q=zeppelin&min=90", None),
    "filters": ("house", "/?q=Marigold", click("Filters")),
    "help": ("house", "/", click("Help")),
    "export": ("house", "/?q=Marigold", click("Export")),
    "example": ("house", "/", click("Example")),
    "crop": ("house", "/", crop),
    "vote": ("house", "/?q=Marigold&min=5", vote),
    "page": ("house", "/?q=Marigold", open_page),
    "draw": ("house", "/?q=Marigold", draw),
    "drawn": ("house", "/?q=Marigold", drawn),
    "addresses": ("house", "/?q=Marigold", in_page("Addresses")),
    "no-page": ("house", "/page?page=nothing", None),
    "collections": ("house", "/collections", None),
    "add-upload": ("house", "/collections", add("Upload")),
    "add-folder": ("house", "/collections", add("Folder on the server")),
    "add-address": ("workers", "/collections", add("IIIF address")),
    "add-refused": ("workers", "/collections", refused_file),
    "documents": ("house", "/collections", unfold("Documents")),
    "delete": ("house", "/collections", click("Delete")),
    "schedules": ("workers", "/collections", schedules),
    "grammar": ("house", "/?q=%22harbour", None),
    "busy": ("house", f"/?q={BUSY}", None),
    "unreachable": ("house", f"/?q={UNREACHABLE}", None),
    "faulty": ("house", f"/?q={FAULTY}", None),
    "cut-off": ("house", "/?q=Marigold", cut_off),
    "sign-in": ("guarded", "/", None),
    "sign-in-unreachable": ("guarded", "/?sign_in=unreachable", None),
    "account": ("guarded", "/", sign_in),
    "access": ("guarded", "/?q=x", access),
    "refused": ("guarded", "/?q=x", refused_page),
}
"""Name -> server, address, and what is done there before the shutter opens."""


def main(folder: Path, names: list[str]) -> None:
    """Take the photographs."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {name: STATES[name] for name in names or STATES}
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(serving(name, folder))
            for name in HOUSES if name in {server for server, _, _ in wanted.values()}
        }  # fmt: skip
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        for name, (server, address, act) in wanted.items():
            take(browser, servers[server] + address, act, folder / name)


def take(browser: Browser, address: str, act: Callable[[Page], None] | None, to: Path) -> None:
    """One state in all sizes and schemes."""
    for size in SIZES:
        context = new_context(browser, size)
        page = context.new_page()
        try:
            page.goto(address)
            if not address.endswith(SLOW):
                rest(page)
            if act is not None:
                act(page)
        except Exception as error:  # the photograph shows how far it came
            print(f"{to.name} at {size[0]}: {str(error)[:300]}", file=sys.stderr)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_timeout(1500 if address.endswith(SLOW) else 900)
            page.screenshot(path=to.with_name(f"{to.name}-{scheme}-{size[0]}.png"))
        context.close()
    for scheme in SCHEMES:
        sheet([to.with_name(f"{to.name}-{scheme}-{width}.png") for width, _ in SIZES]).save(f"{to}-{scheme}.png")


def new_context(browser: Browser, size: tuple[int, int]) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="light", has_touch=size[0] < 500
    )
    context.set_default_timeout(20_000)
    return context


def rest(page: Page) -> None:
    """Wait until the page is made and its pictures are there."""
    page.locator(".stApp[data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(600)
    page.wait_for_load_state("networkidle")


def sheet(files: list[Path]) -> Image.Image:
    """The pictures side by side."""
    pictures = [Image.open(file) for file in files]
    wide, high = sum(picture.width + 20 for picture in pictures), max(picture.height for picture in pictures)
    together = Image.new("RGB", (wide, high), "#808080")
    left = 0
    for picture in pictures:
        together.paste(picture, (left, 0))
        left += picture.width + 20
    return together


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), sys.argv[2:])
