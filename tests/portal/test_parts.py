"""Questions in addresses, text made plain, pictures of words, uploads, and who may see what."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pydantic import SecretStr
from starlette.requests import HTTPConnection
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from infra.errors import CorruptError, LimitError, SettingsError, UsageError
from infra.settings import Settings
from ingest.catalogue.records import CollectionRecord
from ingest.geometry import Region
from ui.portal.access_menu import groups_of
from ui.portal.app import is_loopback
from ui.portal.asked import PAGE_SIZES, Asked, PlaceOnPage
from ui.portal.crops import crop_picture
from ui.portal.engine_finder import decode_crop
from ui.portal.identity import identify_requests, sign_in_secrets, viewer_of, visible_collections
from ui.portal.uploads import keep_upload
from ui.portal.viewers import PlaceInManifest, parse_viewers
from ui.portal.words import clean, plain
from ui.service.access import Viewer
from ui.service.image_request import ImageLimits, parse_image_request

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
ids = st.uuids().map(str)
regions = st.builds(Region, st.integers(0, 9000), st.integers(0, 9000), st.integers(1, 900), st.integers(1, 900))
questions = st.builds(
    Asked,
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    places=st.lists(st.builds(PlaceOnPage, ids, regions), max_size=3).map(tuple),
    liked=st.lists(ids, max_size=4, unique=True).map(tuple),
    disliked=st.lists(ids, max_size=4, unique=True).map(tuple),
    crop=st.sampled_from(["", "0123456789abcdef"]),
    collections=st.lists(names, max_size=3, unique=True).map(tuple),
    first_page=st.none() | st.integers(0, 10**6),
    last_page=st.none() | st.integers(0, 10**6),
    metadata=st.lists(st.tuples(st.text(string.ascii_letters, min_size=1), names), max_size=3).map(tuple),
    least=st.integers(0, 100),
    group=st.sampled_from(["none", "page"]),
    order=st.sampled_from(["best", "place"]),
    part=st.integers(1, 999),
    size=st.sampled_from(PAGE_SIZES),
)


@pytest.mark.parametrize("text", [
    "Mirador", "=https://m.org/{manifest}", "Mirador=https://m.org/", "M=javascript:alert({manifest})",
    "M=https://m.org/{manifest}{secret}", "M=https://m.org/{manifest}{0}", "M=https://m.org/{manifest",
    "M=//{manifest.x}",
])  # fmt: skip
def test_a_viewer_that_cannot_work_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="MANUSPECT_VIEWERS"):
        parse_viewers(text)


def test_viewers_are_told_the_place() -> None:
    [mirador, other] = parse_viewers(
        "Mirador = https://m.org/?m={manifest}&c={canvas}; U=http://u.org/#?m={manifest}&cv={index}&xywh={xywh}"
    )
    place = PlaceInManifest("http://x/a b/manifest", "http://x/canvas/2?&", 1, "1,2,3,4")
    assert mirador.name == "Mirador"
    assert (
        mirador.address(place)
        == "https://m.org/?m=http%3A%2F%2Fx%2Fa%20b%2Fmanifest&c=http%3A%2F%2Fx%2Fcanvas%2F2%3F%26"
    )
    assert other.address(place) == "http://u.org/#?m=http%3A%2F%2Fx%2Fa%20b%2Fmanifest&cv=1&xywh=1,2,3,4"
    assert len(parse_viewers(Settings().viewers)) == 2 and parse_viewers(" ") == ()


def test_who_may_see_a_collection_does_not_shut_themselves_out() -> None:
    keeper = Viewer("Ada", frozenset({"keepers"}))
    assert groups_of(" keepers, readers,, keepers ", keeper) == ["keepers", "readers"]
    assert groups_of(None, keeper) == []
    with pytest.raises(UsageError, match="none of these groups"):
        groups_of("readers", keeper)


@given(questions)
def test_an_address_brings_back_the_question(question: Asked) -> None:
    params = {name: [value] if isinstance(value, str) else value for name, value in question.to_params().items()}
    assert Asked.from_params(params) == question


def test_a_plain_question_has_a_plain_address() -> None:
    assert Asked(text="harbour").to_params() == {"q": "harbour"}
    assert Asked().is_empty and not Asked(liked=("x",)).is_empty


@given(st.dictionaries(st.sampled_from(["q", "like", "right", "from", "min", "part", "size", "meta", "x"]),
                       st.lists(st.text(max_size=12), max_size=4)))  # fmt: skip
def test_no_address_breaks_the_page(params: dict[str, list[str]]) -> None:
    question = Asked.from_params(params)
    assert 0 <= question.least <= 100 and question.part >= 1 and question.size in PAGE_SIZES


def test_votes_replace_each_other() -> None:
    question = Asked(text="x", part=3).with_vote("w", 1).with_vote("v", -1)
    assert (question.vote_of("w"), question.vote_of("v"), question.part) == (1, -1, 1)
    assert question.with_vote("w", -1).vote_of("w") == -1
    assert question.with_vote("w", 0).liked == ()


@given(st.text(max_size=60))
def test_text_from_outside_is_shown_letter_for_letter(text: str) -> None:
    tokens = MarkdownIt("commonmark", {"html": True}).parseInline(plain(text))[0].children or []
    assert {token.type for token in tokens} <= {"text", "text_special"}
    assert "".join(token.content for token in tokens).replace("\u2060", "") == clean(text)


@pytest.mark.parametrize("text", ["https://a.example/x", "HTTP://a.example", "see www.a.example", "a@b.example"])
def test_addresses_from_outside_become_no_links(text: str) -> None:
    shown = plain(text).replace("\\", "")
    assert not re.search(r"https?://|www\.|@b", shown, re.IGNORECASE)
    assert shown.replace("\u2060", "") == text


def test_unseen_characters_cannot_disguise_a_name() -> None:
    assert clean("bill\u202efdp.exe\u200b\n\x07") == "bill fdp.exe"


@given(st.integers(50, 9000), st.integers(50, 9000), st.data())
def test_a_words_picture_holds_the_word_where_it_says(width: int, height: int, data: st.DataObject) -> None:
    x, y = data.draw(st.integers(0, width - 2)), data.draw(st.integers(0, height - 2))
    word = Region(x, y, data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y)))
    picture = crop_picture("p", (width, height), word)
    _, _, _, _, region, size, rotation, name = picture.address.split("/")
    request = parse_image_request(region, size, rotation, name, page_size=(width, height), limits=ImageLimits())
    assert request.region.union(word) == request.region
    left, top, across, down = picture.box
    assert abs(request.region.x + left / 100 * request.region.w - word.x) <= 2
    assert abs(request.region.y + top / 100 * request.region.h - word.y) <= 2
    assert abs(across / 100 * picture.width - word.w) <= 1 and abs(down / 100 * picture.height - word.h) <= 1


@pytest.mark.parametrize("name", [
    "../../etc/passwd", "..\\..\\boot.ini", "/root/.ssh/id.png", ".hidden.pdf", "a/b/..", "", "CON\x00.pdf",
    "x" * 400 + ".tiff", "<img src=x onerror=alert(1)>.png", "seite 1.TIF",
])  # fmt: skip
def test_an_uploads_name_never_says_where_it_lies(name: str, tmp_path: Path) -> None:
    path = keep_upload(tmp_path, name, b"content")
    assert path.parent.parent == tmp_path / "uploads"
    assert path.read_bytes() == b"content"
    assert not path.name.startswith(".") and not set("<>/\\\x00") & set(path.name) and len(path.name) <= 130
    assert keep_upload(tmp_path, name, b"content") == path
    assert keep_upload(tmp_path, name, b"other").parent != path.parent


def test_an_upload_keeps_a_readable_name(tmp_path: Path) -> None:
    assert keep_upload(tmp_path, "Fonds 12 (été).pdf", b"x").name == "Fonds 12 (été).pdf"


def test_an_uploaded_crop_is_a_picture_of_reasonable_size() -> None:
    with pytest.raises(CorruptError):
        decode_crop(b"not a picture")
    bomb = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (20_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    with pytest.raises((LimitError, CorruptError)):
        decode_crop(bomb + b"\x00" * 4)


SETTINGS = Settings(
    oidc_metadata_url="https://id.example/.well-known/openid-configuration",
    oidc_client_id="manuspect",
    oidc_client_secret=SecretStr("s"),
    cookie_secret=SecretStr("a long secret for the cookies of the portal"),
    manager_groups="keepers, owners",
)


def test_claims_become_a_viewer() -> None:
    claims = {"is_logged_in": True, "name": "Ada", "groups": ["readers", "keepers"]}
    assert viewer_of(claims, SETTINGS) == Viewer("Ada", frozenset({"readers", "keepers"}), manager=True)
    assert viewer_of({**claims, "groups": "readers"}, SETTINGS).manager is False
    assert viewer_of({**claims, "is_logged_in": "yes"}, SETTINGS).admitted is False
    assert viewer_of({}, SETTINGS).admitted is False


def connection(cookie: str) -> HTTPConnection:
    return HTTPConnection({"type": "http", "headers": [(b"cookie", f"_streamlit_user={cookie}".encode())]})


def test_only_a_signed_cookie_is_believed() -> None:
    assert SETTINGS.cookie_secret is not None
    identify = identify_requests(SETTINGS)
    claims = '{"is_logged_in": true, "name": "Ada", "groups": ["readers"]}'
    signed = create_signed_value(SETTINGS.cookie_secret.get_secret_value(), "_streamlit_user", claims).decode()
    assert identify(connection(signed)).groups == {"readers"}
    forged = create_signed_value("another secret", "_streamlit_user", claims).decode()
    for cookie in (forged, signed[:-2] + "xx", claims, ""):
        assert identify(connection(cookie)).admitted is False


def test_collections_are_visible_by_group() -> None:
    collections = [CollectionRecord("1", "Open", False, ()), CollectionRecord("2", "Closed", False, ("readers",))]
    assert [c.name for c in visible_collections(collections, Viewer("Bo"))] == ["Open"]
    assert len(visible_collections(collections, Viewer("Ada", frozenset({"readers", "x"})))) == 2
    assert visible_collections(collections, Viewer(admitted=False)) == []


def test_half_a_sign_in_is_refused() -> None:
    assert sign_in_secrets(Settings()) is None
    with pytest.raises(SettingsError, match="MANUSPECT_COOKIE_SECRET"):
        sign_in_secrets(SETTINGS.model_copy(update={"cookie_secret": None}))


def test_loopback() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "localhost", "::1", "127.8.8.8"]))
    assert not any(map(is_loopback, ["0.0.0.0", "192.168.1.4", "archive.example"]))
