"""Round trips: derivative -> canvas -> region URL -> image -> canvas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.catalogue.tables import PageRow
from ingest.geometry import Region
from ingest.iiif.regions import (
    PagePlace,
    ServedImage,
    from_derivative,
    painting_json,
    parse_region_url,
    region_url,
    to_derivative,
)

BASE = "https://search.example.org"
SERVICE = "https://images.example.org/iiif/a%2Fb"


@dataclass(frozen=True)
class Page:
    id: str = "1c9f"
    width: int | None = 1000
    height: int | None = 1500
    image_service: str | None = None
    painting: Any = None


sizes = st.tuples(st.integers(1, 12_000), st.integers(1, 12_000))


@st.composite
def regions_in(draw: st.DrawFn, size: tuple[int, int]) -> Region:
    x, y = draw(st.integers(0, size[0] - 1)), draw(st.integers(0, size[1] - 1))
    return Region(x, y, draw(st.integers(1, size[0] - x)), draw(st.integers(1, size[1] - y)))


@st.composite
def served_images(draw: st.DrawFn, canvas: tuple[int, int]) -> ServedImage:
    size = draw(sizes)
    return ServedImage(
        service=SERVICE,
        version=draw(st.sampled_from([1, 2, 3])),
        size=size,
        part=draw(regions_in(size)),
        target=draw(regions_in(canvas)),
        rotation=draw(st.sampled_from([0, 90, 180, 270])),
        limited=draw(st.booleans()),
    )


def covers(outer: Region, inner: Region) -> bool:
    return outer.intersection(inner) == inner


@given(st.data(), sizes, sizes)
def test_derivative_to_canvas_to_region_url_and_back(
    data: st.DataObject, canvas: tuple[int, int], derivative: tuple[int, int]
) -> None:
    """A box drawn on a thumbnail is wholly shown by the URL made of it, and the URL asks for nothing outside."""
    drawn = data.draw(regions_in(derivative))
    image = data.draw(served_images(canvas))
    page = Page(width=canvas[0], height=canvas[1], painting=painting_json([image], (1, 1)))

    region = from_derivative(drawn, derivative, canvas)
    assert region is not None
    assert region.clipped(*canvas) == region
    back = to_derivative(region, canvas, derivative)
    assert back is not None
    assert covers(back, drawn)

    url = region_url(page, region)
    visible = region.intersection(image.target)
    if visible is None:
        assert url is None
        return
    asked = parse_region_url(url or "")
    assert asked is not None
    assert asked.service == SERVICE
    inner = Region.parse(asked.region)
    assert covers(image.part, inner)
    assert inner.clipped(*image.size) == inner
    shown = image.to_canvas(inner)
    assert shown is not None
    assert covers(shown, visible)
    assert asked.rotation == str(image.rotation)
    assert asked.quality == ("native" if image.version == 1 else "default")
    assert asked.size == ("max" if image.version == 3 or image.limited else "full")


@given(st.data(), sizes)
def test_image_of_the_canvas_s_own_size_changes_nothing(data: st.DataObject, canvas: tuple[int, int]) -> None:
    region = data.draw(regions_in(canvas))
    whole = Region(0, 0, *canvas)
    image = ServedImage(SERVICE, 3, canvas, whole, whole)
    assert image.to_image(region) == region
    assert image.to_canvas(region) == region
    assert image.url(region) == f"{SERVICE}/{region.xywh}/max/0/default.jpg"


@given(st.data(), st.tuples(st.integers(1, 60), st.integers(1, 60)), st.sampled_from([0, 90, 180, 270]))
def test_turned_images_show_the_same_pixels(data: st.DataObject, size: tuple[int, int], rotation: int) -> None:
    """Against numpy: the asked region, turned, is what lies on the canvas there."""
    pixels = np.arange(size[0] * size[1]).reshape(size[1], size[0])
    painted = np.rot90(pixels, -(rotation // 90))
    canvas = painted.shape[1], painted.shape[0]
    image = ServedImage(SERVICE, 2, size, Region(0, 0, *size), Region(0, 0, *canvas), rotation)
    region = data.draw(regions_in(canvas))
    inner = image.to_image(region)
    assert inner is not None
    shown = np.rot90(pixels[inner.y : inner.y2, inner.x : inner.x2], -(rotation // 90))
    assert np.array_equal(shown, painted[region.y : region.y2, region.x : region.x2])
    assert image.to_canvas(inner) == region


@given(st.data(), st.tuples(st.integers(1, 300), st.integers(1, 300)))
def test_regions_are_clipped_at_the_borders(data: st.DataObject, canvas: tuple[int, int]) -> None:
    region = Region(*(data.draw(st.integers(low, 500)) for low in (0, 0, 1, 1)))
    whole = Region(0, 0, *canvas)
    page = Page(
        width=canvas[0],
        height=canvas[1],
        painting=painting_json([ServedImage(SERVICE, 2, canvas, whole, whole)], canvas),
    )
    url, own = region_url(page, region), region_url(replace(page, painting=painting_json([], canvas)), region, BASE)
    inside = region.clipped(*canvas)
    if inside is None:
        assert url is None
        assert own is None
    else:
        assert url == f"{SERVICE}/{inside.xywh}/full/0/default.jpg"
        assert own == f"{BASE}/iiif/image/1c9f/{inside.xywh}/max/0/default.jpg"


def test_syntax_of_each_version() -> None:
    whole = Region(0, 0, 1000, 1500)

    def url(version: int, **more: Any) -> str | None:
        image = ServedImage(SERVICE, version, (2000, 3000), Region(0, 0, 2000, 3000), whole, **more)
        return region_url(Page(painting=painting_json([image], (1, 1))), Region(10, 20, 30, 40))

    assert url(1) == f"{SERVICE}/20,40,60,80/full/0/native.jpg"
    assert url(2) == f"{SERVICE}/20,40,60,80/full/0/default.jpg"
    assert url(2, limited=True) == f"{SERVICE}/20,40,60,80/max/0/default.jpg"
    assert url(3) == f"{SERVICE}/20,40,60,80/max/0/default.jpg"


def test_a_service_that_cannot_turn_shows_the_region_as_it_has_it() -> None:
    image = ServedImage(
        SERVICE, 3, (1500, 1000), Region(0, 0, 1500, 1000), Region(0, 0, 1000, 1500), rotation=90, turns=False
    )
    assert image.url(Region(0, 0, 10, 20)) == f"{SERVICE}/0,990,20,10/max/0/default.jpg"


def test_on_a_canvas_of_several_images_the_one_that_shows_most_is_asked() -> None:
    under = ServedImage("https://a.org/page", 2, (1000, 1500), Region(0, 0, 1000, 1500), Region(0, 0, 1000, 1500))
    over = ServedImage("https://a.org/detail", 3, (400, 400), Region(0, 0, 400, 400), Region(100, 100, 200, 200))
    page = Page(painting=painting_json([under, over], (2000, 3000)))
    assert region_url(page, Region(150, 150, 50, 50)) == "https://a.org/detail/100,100,100,100/max/0/default.jpg"
    assert region_url(page, Region(0, 0, 150, 150)) == "https://a.org/page/0,0,150,150/full/0/default.jpg"
    assert region_url(page, Region(800, 800, 50, 50)) == "https://a.org/page/800,800,50,50/full/0/default.jpg"


def test_pages_without_regions_of_their_own_are_served_by_us_or_not_at_all() -> None:
    region = Region(1, 2, 3, 4)
    for page in (Page(), Page(painting=painting_json([], (1000, 1500)), image_service=SERVICE)):
        assert region_url(page, region) is None
        assert region_url(page, region, BASE + "/") == f"{BASE}/iiif/image/1c9f/1,2,3,4/max/0/default.jpg"


@given(st.data(), sizes, sizes)
def test_our_own_service_is_asked_in_pixels_of_the_stored_image(
    data: st.DataObject, canvas: tuple[int, int], stored: tuple[int, int]
) -> None:
    region = data.draw(regions_in(canvas))
    page = Page(width=canvas[0], height=canvas[1], painting=painting_json([], stored))
    asked = parse_region_url(region_url(page, region, BASE) or "")
    assert asked is not None
    inner = Region.parse(asked.region)
    assert inner.clipped(*stored) == inner
    back = from_derivative(inner, stored, canvas)
    assert back is not None
    assert covers(back, region)


def test_a_service_of_which_nothing_is_recorded_is_asked_in_the_usual_way() -> None:
    assert region_url(Page(image_service=SERVICE), Region(1, 2, 3, 4)) == f"{SERVICE}/1,2,3,4/full/0/default.jpg"


def test_a_catalogue_row_is_a_place() -> None:
    page: PagePlace = PageRow(id="1c9f", width=10, height=10, image_service=SERVICE, painting=None)
    assert region_url(page, Region(5, 5, 50, 50)) == f"{SERVICE}/5,5,5,5/full/0/default.jpg"


@pytest.mark.parametrize(
    ("tail", "region", "size", "rotation"),
    [
        ("full/max/0/default.jpg", "full", "max", "0"),
        ("1,2,3,4/^max/!90/gray.png", "1,2,3,4", "^max", "!90"),
        ("pct:1,2.5,3,4/pct:50/22.5/native.jpg", "pct:1,2.5,3,4", "pct:50", "22.5"),
        ("square/!10,20/0/bitonal.tif?token=x#here", "square", "!10,20", "0"),
        ("0,0,10,10/,20/0/color.webp", "0,0,10,10", ",20", "0"),
    ],
)
def test_reads_image_requests(tail: str, region: str, size: str, rotation: str) -> None:
    asked = parse_region_url(f"{SERVICE}/{tail}")
    assert asked is not None
    assert (asked.service, asked.region, asked.size, asked.rotation) == (SERVICE, region, size, rotation)


@given(st.text())
def test_any_text_is_an_image_request_or_none(text: str) -> None:
    asked = parse_region_url(text)
    assert asked is None or text.startswith(asked.service)
