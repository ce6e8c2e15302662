"""The grammar of the Image API, rule by rule and over drawn sizes."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.geometry import Region
from ui.service.image_request import (
    BadImageRequestError,
    ImageLimits,
    ImageRequest,
    UnsupportedImageRequestError,
    parse_image_request,
)

PAGE = (3000, 2000)
LIMITS = ImageLimits(width=4000, height=4000, area=9_000_000)
sides = st.integers(1, 8000)


def parse(
    region: str = "full",
    size: str = "max",
    rotation: str = "0",
    name: str = "default.jpg",
    page: tuple[int, int] = PAGE,
) -> ImageRequest:
    return parse_image_request(region, size, rotation, name, page_size=page, limits=LIMITS)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("full", Region(0, 0, 3000, 2000)),
        ("square", Region(500, 0, 2000, 2000)),
        ("10,20,30,40", Region(10, 20, 30, 40)),
        ("2990,1990,500,500", Region(2990, 1990, 10, 10)),
        ("pct:10,10,50,50", Region(300, 200, 1500, 1000)),
        ("pct:41.6,7.5,40,70", Region(1248, 150, 1200, 1400)),
        ("pct:50,50,100,100", Region(1500, 1000, 1500, 1000)),
    ],
)
def test_region(text: str, box: Region) -> None:
    assert parse(text).region == box


@pytest.mark.parametrize("text", [
    "", "FULL", "1,2,3", "1,2,3,4,5", "-1,0,5,5", "0,0,0,5", "0,0,5,0", "3000,0,5,5", "0,2000,5,5", "pct:0,0,0,5",
    "pct:101,0,5,5", "1.5,0,5,5", "a,b,c,d", "pct:", "١,٢,٣,٤", "0,0,99999999999,5", "full ",
])  # fmt: skip
def test_bad_region(text: str) -> None:
    with pytest.raises(BadImageRequestError):
        parse(text)


@pytest.mark.parametrize(("text", "size"), [
    ("max", (3000, 2000)), ("^max", (3674, 2449)), ("300,", (300, 200)), (",300", (450, 300)), ("pct:50", (1500, 1000)),
    ("^pct:110", (3300, 2200)), ("70,90", (70, 90)), ("^3600,100", (3600, 100)), ("!300,300", (300, 200)),
    ("!9000,9000", (3000, 2000)), ("^!3600,3600", (3600, 2400)), ("^!9000,9000", (3674, 2449)), ("^300,", (300, 200)),
])  # fmt: skip
def test_size(text: str, size: tuple[int, int]) -> None:
    request = parse(size=text)
    assert (request.width, request.height) == size


@pytest.mark.parametrize("text", [
    "", ",", "0,", ",0", "0,0", "!0,5", "!5,", "pct:0", "pct:0.001", "3001,", ",2001", "3001,5", "pct:101",
    "^4001,", "^4000,4000", "full", "w,h", "-5,", "^^5,", "!^5,5", "5", "1.5,", "^",
])  # fmt: skip
def test_bad_size(text: str) -> None:
    with pytest.raises(BadImageRequestError):
        parse(size=text)


@pytest.mark.parametrize(("text", "mirrored", "turn"), [
    ("0", False, 0), ("90", False, 90), ("!180", True, 180), ("270.0", False, 270), ("360", False, 0), ("!0", True, 0),
])  # fmt: skip
def test_rotation(text: str, mirrored: bool, turn: int) -> None:
    request = parse(rotation=text)
    assert (request.mirrored, request.rotation) == (mirrored, turn)


@pytest.mark.parametrize("text", ["", "-90", "361", "north", "!", "90deg", "!!90", "nan", "1e2"])
def test_bad_rotation(text: str) -> None:
    with pytest.raises(BadImageRequestError):
        parse(rotation=text)


def test_what_is_not_offered_differs_from_what_is_wrong() -> None:
    with pytest.raises(UnsupportedImageRequestError):
        parse(rotation="22.5")
    with pytest.raises(UnsupportedImageRequestError):
        parse(name="default.tif")
    for name in ("default.exe", "best.jpg", "default", ".jpg", "default.JPG", "color.png.jpg"):
        with pytest.raises(BadImageRequestError):
            parse(name=name)


def test_a_page_beyond_the_limits_shrinks_at_max() -> None:
    request = parse(page=(12_000, 3000))
    assert (request.width, request.height, request.canonical) == (4000, 1000, "full/max/0/default.jpg")


@pytest.mark.parametrize(("given_parts", "canonical"), [
    (("0,0,3000,2000", "3000,", "360", "color.jpg"), "full/max/0/default.jpg"),
    (("pct:0,0,50,50", "pct:100", "!90", "gray.png"), "0,0,1500,1000/max/!90/gray.png"),
    (("full", "!300,300", "0", "default.webp"), "full/300,200/0/default.webp"),
    (("0,0,10,10", "^20,", "0", "default.jpg"), "0,0,10,10/^20,20/0/default.jpg"),
    (("full", "^!9000,9000", "0", "default.jpg"), "full/^max/0/default.jpg"),
])  # fmt: skip
def test_canonical(given_parts: tuple[str, str, str, str], canonical: str) -> None:
    assert parse(*given_parts).canonical == canonical


regions = st.one_of(
    st.sampled_from(["full", "square"]),
    st.builds("{},{},{},{}".format, sides, sides, sides, sides),
    st.builds("pct:{:.3f},{:.3f},{:.3f},{:.3f}".format, *[st.floats(0, 100)] * 4),
)
sizes = st.one_of(
    st.sampled_from(["max", "^max"]),
    st.builds("{}{},".format, st.sampled_from(["", "^"]), sides),
    st.builds("{},{}".format, st.sampled_from(["", "^"]), sides),
    st.builds("{}{},{}".format, st.sampled_from(["", "^", "!", "^!"]), sides, sides),
    st.builds("{}pct:{:.4f}".format, st.sampled_from(["", "^"]), st.floats(0, 300)),
)


@given(region=regions, size=sizes, width=sides, height=sides)
def test_every_answer_keeps_the_rules(region: str, size: str, width: int, height: int) -> None:
    try:
        request = parse(region, size, page=(width, height))
    except BadImageRequestError:
        return
    box = request.region
    assert box.x2 <= width and box.y2 <= height
    assert request.width >= 1 and request.height >= 1
    assert LIMITS.allow(request.width, request.height)
    if not size.startswith("^"):
        assert request.width <= box.w and request.height <= box.h
    if "!" in size:
        w, h = map(int, size.lstrip("^!").split(","))
        assert request.width <= w and request.height <= h
        assert abs(request.width / box.w * box.h - request.height) <= max(1.0, box.h / box.w) + 1e-6
    again = parse(*request.canonical.split("/")[:3], request.canonical.split("/")[3], page=(width, height))
    assert (again.region, again.width, again.height, again.canonical) == (
        box, request.width, request.height, request.canonical,
    )  # fmt: skip


@given(text=st.text(max_size=20), part=st.integers(0, 3))
def test_no_text_breaks_the_parser(text: str, part: int) -> None:
    parts = ["full", "max", "0", "default.jpg"]
    parts[part] = text
    with contextlib.suppress(BadImageRequestError, UnsupportedImageRequestError):
        parse(*parts)
