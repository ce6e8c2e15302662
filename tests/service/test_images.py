"""The image service over HTTP: pixels, headers, status codes, access."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ui.service.access import Viewer

ARCHIVIST = Viewer(name="Ada", groups=frozenset({"archivists"}))


def decode(content: bytes) -> NDArray[np.uint8]:
    """uint8 (H, W, 3) RGB."""
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image[:, :, ::-1], np.uint8)


def fetch(reading: Any, path: str, **headers: str) -> Any:
    return reading.client.get(f"/iiif/image/{reading.open_page}/{path}", headers=headers)


def test_a_region_shows_those_pixels(reading: Any) -> None:
    answer = fetch(reading, "400,300,200,100/max/0/default.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    difference = np.abs(decode(answer.content).astype(int) - reading.pixels[300:400, 400:600])
    assert difference.max() <= 12  # the page is stored as JPEG


def test_a_word_is_where_its_box_is(reading: Any) -> None:
    crop = decode(fetch(reading, "90,190,70,50/^140,/0/gray.jpg").content)
    assert crop.shape == (100, 140, 3)
    assert crop[50, 70].max() < 30
    assert crop[5, 5].min() > 30


@example(x=0, y=894, w=2, h=5, width=1, turn=0, mirror=False, form="jpg")
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    x=st.integers(0, 1299), y=st.integers(0, 899), w=st.integers(1, 1300), h=st.integers(1, 900),
    width=st.integers(1, 1300), turn=st.sampled_from([0, 90, 180, 270]), mirror=st.booleans(),
    form=st.sampled_from(["jpg", "png", "webp"]),
)  # fmt: skip
def test_any_picture_has_the_size_and_colours_it_should(
    reading: Any, x: int, y: int, w: int, h: int, width: int, turn: int, mirror: bool, form: str
) -> None:
    answer = fetch(reading, f"{x},{y},{w},{h}/^!{width},{width}/{'!' if mirror else ''}{turn}/default.{form}")
    assert answer.status_code == 200, answer.text
    picture = decode(answer.content)
    if turn in (90, 270):
        picture = np.rot90(picture, 1 if turn == 90 else 3)
    elif turn == 180:
        picture = np.rot90(picture, 2)
    if mirror:
        picture = picture[:, ::-1]
    expected = reading.pixels[y : y + h, x : x + w]
    assert max(picture.shape[:2]) == width
    assert abs(picture.shape[0] / picture.shape[1] - expected.shape[0] / expected.shape[1]) <= (
        (1 + expected.shape[0] / expected.shape[1]) / picture.shape[1] + 1e-9
    )
    small = cv2.resize(expected, picture.shape[1::-1], interpolation=cv2.INTER_AREA).astype(int)
    bleeding = 40 if min(expected.shape[:2]) < 8 else 25  # JPEG blocks and halved levels mix in what lies beside
    assert np.abs(small.mean(axis=(0, 1)) - picture.mean(axis=(0, 1))).max() < bleeding


@pytest.mark.parametrize(("path", "status"), [
    ("full/max/0/default.jpg", 200), ("square/200,/!90/bitonal.webp", 200), ("0,0,0,0/max/0/default.jpg", 400),
    ("5000,0,10,10/max/0/default.jpg", 400), ("full/1301,/0/default.jpg", 400), ("full/max/45/default.jpg", 501),
    ("full/max/0/default.tif", 501), ("full/max/0/pretty.jpg", 400), ("full/full/0/default.jpg", 400),
    ("full/^5000,/0/default.jpg", 400), ("full/%5Emax/0/default.jpg", 200),
])  # fmt: skip
def test_status(reading: Any, path: str, status: int) -> None:
    answer = fetch(reading, path)
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "*"
    if status != 200:
        assert set(answer.json()) == {"error"}


def test_bitonal_is_black_and_white(reading: Any) -> None:
    assert set(np.unique(decode(fetch(reading, "full/300,/0/bitonal.png").content))) == {0, 255}


def test_info_describes_what_is_served(reading: Any) -> None:
    answer = fetch(reading, "info.json", Accept="application/ld+json")
    info = answer.json()
    assert answer.headers["content-type"] == 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"'
    assert fetch(reading, "info.json").headers["content-type"] == "application/json"
    assert (info["type"], info["profile"], info["width"], info["height"]) == ("ImageService3", "level2", 1300, 900)
    assert info["id"] == f"http://archive.test/iiif/image/{reading.open_page}"
    for size in info["sizes"]:
        picture = decode(fetch(reading, f"full/{size['width']},{size['height']}/0/default.jpg").content)
        assert picture.shape[1::-1] == (size["width"], size["height"])
    for tile in info["tiles"]:
        for factor in tile["scaleFactors"]:
            side = tile["width"] * factor
            w, h = min(side, 1300), min(side, 900)
            path = f"0,0,{w},{h}/{-(-w // factor)},{-(-h // factor)}/0/default.jpg"
            assert fetch(reading, path).status_code == 200


def test_the_bare_identifier_leads_to_the_description(reading: Any) -> None:
    answer = reading.client.get(f"/iiif/image/{reading.open_page}")
    assert (answer.status_code, answer.headers["location"]) == (
        303, f"http://archive.test/iiif/image/{reading.open_page}/info.json",
    )  # fmt: skip


def test_canonical_link_and_revalidation(reading: Any) -> None:
    answer = fetch(reading, "0,0,1300,900/pct:50/360/color.jpg")
    canonical = f"http://archive.test/iiif/image/{reading.open_page}/full/650,450/0/default.jpg"
    assert f'<{canonical}>;rel="canonical"' in answer.headers["link"]
    same = reading.client.get(canonical)
    assert same.content == answer.content and same.headers["etag"] == answer.headers["etag"]
    unchanged = reading.client.get(canonical, headers={"If-None-Match": same.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert fetch(reading, "full/649,/0/default.jpg").headers["etag"] != same.headers["etag"]
    assert answer.headers["cache-control"] == "public, max-age=3600"


def test_a_closed_collection_looks_like_nothing_to_others(reading: Any) -> None:
    path = f"/iiif/image/{reading.closed_page}/full/max/0/default.jpg"
    refused = reading.client.get(path)
    unknown = reading.client.get("/iiif/image/00000000-0000-0000-0000-000000000000/full/max/0/default.jpg")
    assert (refused.status_code, refused.json()) == (unknown.status_code, unknown.json()) == (404, refused.json())
    assert reading.client.get(f"/iiif/image/{reading.closed_page}/info.json").status_code == 404
    assert reading.client.get(f"/iiif/presentation/{reading.closed_document}/manifest").status_code == 404
    reading.viewer = ARCHIVIST
    admitted = reading.client.get(path)
    assert (admitted.status_code, admitted.headers["cache-control"]) == (200, "private, max-age=3600")
    assert reading.client.get(f"/iiif/presentation/{reading.closed_document}/manifest").status_code == 200


def test_without_a_needed_sign_in_nothing_is_served(reading: Any) -> None:
    reading.viewer = Viewer(admitted=False)
    assert fetch(reading, "full/max/0/default.jpg").status_code == 401
    assert fetch(reading, "info.json").status_code == 401
    assert reading.client.get(f"/iiif/presentation/{reading.open_document}/manifest").status_code == 404


def test_a_page_not_yet_read_has_no_image(reading: Any) -> None:
    assert reading.client.get(f"/iiif/image/{reading.waiting_page}/info.json").status_code == 404


def test_a_damaged_page_image_is_an_error_in_words(reading: Any) -> None:
    path = reading.folder / "page.tif"
    path.write_bytes(path.read_bytes()[:20_000])
    answer = fetch(reading, "full/max/0/default.jpg")
    assert answer.status_code == 500
    assert "Ingest the document again" in answer.json()["error"]
    assert "Traceback" not in answer.text


def test_a_replaced_page_image_is_seen_at_once(reading: Any) -> None:
    assert fetch(reading, "info.json").json()["width"] == 1300
    reading.replace_page(np.full((64, 80, 3), 90, np.uint8))
    assert fetch(reading, "info.json").json()["width"] == 80
