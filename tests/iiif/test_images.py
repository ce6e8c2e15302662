"""Image services of all versions and levels, and plain images: what is asked, and what comes out."""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np
import pytest
from PIL import Image

from infra.errors import (
    BlankImageError,
    CorruptError,
    FetchError,
    ForbiddenAddressError,
    LimitError,
    NotFoundError,
)
from infra.http import HttpClient
from infra.settings import Settings
from ingest.iiif import open_manifest
from ingest.sources.source import PageImage


class Reader:
    def __init__(self, iiif: Any, settings: Settings, client: HttpClient) -> None:
        self.iiif, self.settings, self.client = iiif, settings, client

    def page(self, *bodies: Any, manifest: Any = None, **options: Any) -> PageImage:
        manifest = manifest or self.iiif.manifest(self.iiif.canvas(*bodies, **options))
        source = open_manifest(self.iiif.publish(manifest), self.settings, self.client)
        return source.read(source.pages()[0])


@pytest.fixture
def reader(iiif: Any, settings: Settings, client: HttpClient) -> Reader:
    return Reader(iiif, settings, client)


def same(image: PageImage, pixels: Any) -> bool:
    """The same picture, but for what JPEG and rounding change."""
    assert image.pixels.shape == pixels.shape
    assert (image.width, image.height) == (pixels.shape[1], pixels.shape[0])
    difference = np.abs(image.pixels.astype(int) - pixels.astype(int))
    return bool(difference.mean() < 3 and np.quantile(difference, 0.99) < 16)


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("level", [1, 2])
def test_the_full_image_in_one_request(reader: Reader, iiif: Any, version: int, level: int) -> None:
    service = iiif.service("image", iiif.picture(400, 600), version=version, level=level)
    page = reader.page(iiif.image(service))
    assert same(page, service.pixels)
    assert page.encoded == iiif.jpeg(service.pixels)
    words = {1: "full/full/0/native.jpg", 2: "full/full/0/default.jpg", 3: "full/max/0/default.jpg"}
    assert service.asked == [words[version]]
    assert page.painting == {
        "stored": [400, 600],
        "images": [
            {
                "service": service.url,
                "version": version,
                "size": [400, 600],
                "part": "0,0,400,600",
                "target": "0,0,400,600",
                "rotation": 0,
                "limited": False,
                "turns": level == 2,
            }
        ],
    }


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(
    "limits",
    [{"maxWidth": 200}, {"maxWidth": 300, "maxHeight": 100}, {"maxArea": 30_000}, {"maxWidth": 250, "maxArea": 50_000}],
)
def test_limits_are_obeyed_and_full_resolution_is_put_together(
    reader: Reader, iiif: Any, version: int, limits: dict[str, int]
) -> None:
    service = iiif.service("image", iiif.picture(430, 610), version=version, level=1, limits=limits)
    page = reader.page(iiif.image(service), size=(430, 610))
    assert same(page, service.pixels)
    assert page.encoded is None
    assert service.refused == []
    assert len(service.asked) > 1
    assert page.painting is not None and page.painting["images"][0]["limited"]


def test_a_limit_that_would_take_too_many_requests_gives_the_largest_size(
    reader: Reader, iiif: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.iiif.image_requests.MAX_PIECES", 10)
    service = iiif.service("image", iiif.picture(400, 600), level=2, limits={"maxWidth": 120, "maxHeight": 120})
    page = reader.page(iiif.image(service))
    assert (page.width, page.height) == (80, 120)
    assert len(service.asked) == 1


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_server_that_secretly_gives_less_is_asked_for_pieces(reader: Reader, iiif: Any, version: int) -> None:
    service = iiif.service("image", iiif.picture(400, 600), version=version, level=2, secret_limit=250)
    assert same(reader.page(iiif.image(service)), service.pixels)


def test_a_server_that_refuses_the_full_image_is_asked_for_pieces(reader: Reader, iiif: Any) -> None:
    service = iiif.service("image", iiif.picture(3000, 300), version=3, level=1)
    service.render, whole = (lambda request: None if request.startswith("full/") else whole(request)), service.render
    assert same(reader.page(iiif.image(service)), service.pixels)


TILES = [{"width": 128, "scaleFactors": [1, 2, 4]}]


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("refusal", [400, 403, 404])
def test_level_0_with_tiles_only(reader: Reader, iiif: Any, version: int, refusal: int) -> None:
    service = iiif.service(
        "image", iiif.picture(400, 600), version=version, level=0, tiles=TILES, whole=False, refusal=refusal
    )
    page = reader.page(iiif.image(service))
    assert same(page, service.pixels)
    assert all(request.startswith("full/") for request in service.refused)
    assert page.painting is not None and page.painting["images"] == []  # no region of it can be asked for


@pytest.mark.parametrize("version", [2, 3])
def test_level_0_with_sizes_takes_the_largest(reader: Reader, iiif: Any, version: int) -> None:
    sizes = [(100, 150), (200, 300), (50, 75)]
    service = iiif.service("image", iiif.picture(400, 600), version=version, level=0, sizes=sizes, whole=False)
    page = reader.page(iiif.image(service))
    assert (page.width, page.height) == (200, 300)


def test_level_0_with_the_full_size_listed_needs_one_request(reader: Reader, iiif: Any) -> None:
    service = iiif.service("image", iiif.picture(400, 600), level=0, sizes=[(400, 600)], tiles=TILES)
    assert same(reader.page(iiif.image(service)), service.pixels)
    assert len(service.asked) == 1


def test_level_0_tiles_beat_smaller_sizes(reader: Reader, iiif: Any) -> None:
    service = iiif.service(
        "image", iiif.picture(400, 600), version=3, level=0, sizes=[(200, 300)], tiles=TILES, whole=False
    )
    assert same(reader.page(iiif.image(service)), service.pixels)


def test_level_0_with_coarse_tiles_only(reader: Reader, iiif: Any) -> None:
    tiles = [{"width": 64, "scaleFactors": [2, 4]}]
    service = iiif.service("image", iiif.picture(401, 603), version=3, level=0, tiles=tiles, whole=False)
    page = reader.page(iiif.image(service), size=(401, 603))
    assert (page.width, page.height) == (201, 302)


def test_a_single_tile_is_the_full_region(reader: Reader, iiif: Any) -> None:
    tiles = [{"width": 1024, "scaleFactors": [1]}]
    service = iiif.service("image", iiif.picture(400, 600), version=3, level=0, tiles=tiles, whole=False)
    assert same(reader.page(iiif.image(service)), service.pixels)


def test_plain_image(reader: Reader, iiif: Any) -> None:
    data = iiif.jpeg(iiif.picture(400, 600))
    iiif.server.routes["/a.jpg"] = lambda handler: handler.reply(200, data)
    page = reader.page({"id": "/a.jpg", "type": "Image"})  # relative to the manifest
    assert page.encoded == data
    assert page.painting is not None and page.painting["images"] == []


def test_plain_images_of_other_kinds(reader: Reader, iiif: Any) -> None:
    pixels = iiif.picture(40, 60)
    for kind in ("PNG", "WEBP", "JPEG2000", "TIFF"):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, kind, **({"lossless": True} if kind == "WEBP" else {}))
        iiif.serve("/a", file.getvalue())
        assert same(reader.page({"id": "/a", "type": "Image"}), pixels)
    iiif.serve("/a", file.getvalue()[:200])
    with pytest.raises(CorruptError) as caught:
        reader.page({"id": "/a", "type": "Image"})
    assert f"({iiif.server.url}/a)" in caught.value.reason


@pytest.mark.parametrize(
    "profile", ["http://iiif.io/api/image/2/level2.json", ["http://iiif.io/api/image/2/level2.json"], "level2", None]
)
@pytest.mark.parametrize("context", ["http://iiif.io/api/image/2/context.json", None])
def test_services_are_known_in_many_forms(reader: Reader, iiif: Any, profile: Any, context: Any) -> None:
    service = iiif.service("image", iiif.picture(400, 600))
    entry = {"@id": service.url + "/", "profile": profile, "@context": context}
    body = {"@id": "missing.jpg", "@type": "dctypes:Image", "service": {k: v for k, v in entry.items() if v}}
    manifest = iiif.manifest_2(iiif.canvas_2(body))
    assert same(reader.page(manifest=manifest), service.pixels)


def test_the_image_service_is_told_from_others(reader: Reader, iiif: Any) -> None:
    service = iiif.service("image", iiif.picture(400, 600))
    others = [
        {
            "@context": "http://iiif.io/api/annex/services/physdim/1/context.json",
            "profile": "http://iiif.io/api/annex/",
        },
        {"@context": "http://iiif.io/api/auth/1/context.json", "@id": "https://example.org/login"},
        {"type": "SearchService2", "id": "https://example.org/search"},
    ]
    body = iiif.image(service)
    assert same(reader.page(body | {"service": [*others, *body["service"]]}), service.pixels)


def test_a_newer_service_is_preferred(reader: Reader, iiif: Any) -> None:
    old = iiif.service("old", iiif.picture(400, 600), version=2)
    new = iiif.service("new", iiif.picture(400, 600), version=3)
    body = iiif.image(old)
    reader.page(body | {"service": [*body["service"], *iiif.image(new)["service"]]})
    assert old.asked == []
    assert len(new.asked) == 1


def test_a_broken_service_falls_back_to_the_image(reader: Reader, iiif: Any) -> None:
    data = iiif.jpeg(iiif.picture(400, 600))
    iiif.server.routes["/a.jpg"] = lambda handler: handler.reply(200, data)
    body = {"id": f"{iiif.server.url}/a.jpg", "service": [{"id": f"{iiif.server.url}/gone", "type": "ImageService3"}]}
    page = reader.page(body)
    assert page.encoded == data
    assert page.painting is not None and page.painting["images"] == []


@pytest.mark.parametrize(
    "info", [[], {}, {"width": 10}, {"width": "wide", "height": 10}, {"width": -1, "height": 5}, 7]
)
def test_senseless_image_information_is_named(reader: Reader, iiif: Any, info: Any) -> None:
    service = iiif.service("image", iiif.picture(400, 600))
    body = iiif.image(service)
    service.info = info
    with pytest.raises(CorruptError, match=r"Canvas '1' .*info\.json"):
        reader.page({"service": body["service"], "type": "Image"})


def test_gigantic_images_are_refused_before_they_are_fetched(reader: Reader, iiif: Any) -> None:
    service = iiif.service("image", iiif.picture(400, 600))
    service.info["width"] = 1_000_000
    with pytest.raises(LimitError, match="MANUSPECT_MAX_SIDE"):
        reader.page(iiif.image(service))
    assert service.asked == []


@pytest.mark.parametrize("status", [401, 403])
def test_protected_images_are_named(reader: Reader, iiif: Any, status: int) -> None:
    service = iiif.service("image", iiif.picture(400, 600))
    service.answer = lambda handler, request: handler.reply(status)
    with pytest.raises(FetchError, match=rf"login \(HTTP {status}\)") as caught:
        reader.page(iiif.image(service))
    assert caught.value.page == 1
    assert "https://example.org/canvas/1" in caught.value.reason


def test_a_missing_image_is_named(reader: Reader) -> None:
    with pytest.raises(NotFoundError, match=r"Canvas '1' .*gone\.jpg"):
        reader.page({"id": "gone.jpg", "type": "Image"})


def test_what_is_no_image_is_named(reader: Reader, iiif: Any) -> None:
    for body in (b"<html>login</html>", b"", b"\xff\xd8\xff\xe0garbage", iiif.jpeg(iiif.picture(400, 600))[:2000]):
        iiif.server.routes["/a.jpg"] = lambda handler, body=body: handler.reply(200, body)
        with pytest.raises(CorruptError, match=r"a\.jpg"):
            reader.page({"id": "/a.jpg", "type": "Image"})


def test_a_blank_page_is_named_but_blank_tiles_are_not(reader: Reader, iiif: Any) -> None:
    pixels = iiif.picture(400, 600).copy()
    pixels[:300] = 255
    service = iiif.service("image", pixels, version=3, level=0, tiles=TILES, whole=False)
    assert same(reader.page(iiif.image(service)), pixels)
    white = iiif.service("white", np.full((600, 400, 3), 255, np.uint8), version=3, level=0, tiles=TILES, whole=False)
    with pytest.raises(BlankImageError):
        reader.page({"service": iiif.image(white)["service"]})


def test_a_busy_and_flapping_image_server_is_waited_for(reader: Reader, iiif: Any) -> None:
    service = iiif.service("image", iiif.picture(400, 600), limits={"maxWidth": 300})
    count = 0

    def moody(handler: Any, request: str) -> None:
        nonlocal count
        count += 1
        if count == 2:
            handler.reply(429, Retry_After="1")
        elif count % 2:
            type(service).answer(service, handler, request)
        else:
            handler.reply(503)

    service.answer = moody
    start = time.monotonic()
    assert same(reader.page(iiif.image(service)), service.pixels)
    assert time.monotonic() - start >= 0.9


def test_images_on_private_addresses_are_refused(iiif: Any, settings: Settings, tmp_path: Any) -> None:
    path = tmp_path / "manifest.json"
    service = iiif.service("image", iiif.picture(40, 60))
    path.write_text(__import__("json").dumps(iiif.manifest(iiif.canvas(iiif.image(service)))))
    with HttpClient(settings.model_copy(update={"http_allow_private": False})) as strict:
        source = open_manifest(str(path), settings, strict)
        with pytest.raises(ForbiddenAddressError, match=r"127\.0\.0\.1"):
            source.read(source.pages()[0])
    assert iiif.server.paths == []


def test_the_time_for_a_page_is_limited(iiif: Any, settings: Settings, client: HttpClient) -> None:
    service = iiif.service("image", iiif.picture(400, 600), level=0, version=3, tiles=TILES, whole=False)
    source = open_manifest(
        iiif.publish(iiif.manifest(iiif.canvas({"service": iiif.image(service)["service"]}))),
        settings.model_copy(update={"page_timeout": 0.001}),
        client,
    )
    with pytest.raises(LimitError, match="MANUSPECT_PAGE_TIMEOUT"):
        source.read(source.pages()[0])


# Parts, turns and several images on a canvas


def test_canvas_and_image_of_different_size(reader: Reader, iiif: Any) -> None:
    service = iiif.service("image", iiif.picture(400, 600))
    page = reader.page(iiif.image(service), size=(1200, 1800))
    assert (page.width, page.height) == (400, 600)
    assert page.encoded is not None
    assert page.painting is not None and page.painting["images"][0]["target"] == "0,0,1200,1800"


def test_canvas_without_size_has_the_image_s(reader: Reader, iiif: Any) -> None:
    service = iiif.service("image", iiif.picture(400, 600))
    page = reader.page(iiif.image(service), size=None)
    assert page.painting is not None and page.painting["images"][0]["target"] == "0,0,400,600"


def test_image_on_a_part_of_the_canvas(reader: Reader, iiif: Any) -> None:
    service = iiif.service("image", iiif.picture(200, 300))
    page = reader.page(iiif.image(service), size=(400, 600), targets=["#xywh=100,200,200,300"])
    expected = np.full((600, 400, 3), 255, np.uint8)
    expected[200:500, 100:300] = service.pixels
    assert same(page, expected)
    assert page.painting is not None and page.painting["images"][0]["target"] == "100,200,200,300"


def test_a_fine_image_on_a_part_sets_the_resolution(reader: Reader, iiif: Any) -> None:
    service = iiif.service("image", iiif.picture(400, 600))
    page = reader.page(iiif.image(service), size=(400, 600), targets=["#xywh=percent:50,50,50,50"])
    assert (page.width, page.height) == (800, 1200)


def test_several_images_are_laid_over_each_other_in_order(reader: Reader, iiif: Any) -> None:
    """After the cookbook's recipe 0036, composition from multiple images."""
    page_image = iiif.service("page", iiif.picture(400, 600, seed=1))
    miniature = iiif.service("miniature", iiif.picture(100, 150, seed=2), version=1)
    page = reader.page(iiif.image(page_image), iiif.image(miniature), targets=["", "#xywh=200,300,100,150"])
    expected = page_image.pixels.copy()
    expected[300:450, 200:300] = miniature.pixels
    assert same(page, expected)
    assert page.painting is not None
    assert [image["target"] for image in page.painting["images"]] == ["0,0,400,600", "200,300,100,150"]


def test_a_hostile_canvas_is_composed_within_the_limits(iiif: Any, settings: Settings, client: HttpClient) -> None:
    service = iiif.service("image", iiif.picture(400, 600))
    canvas = iiif.canvas(iiif.image(service), size=(9_000_000, 9_000_000), targets=["#xywh=0,0,1,1"])
    small = settings.model_copy(update={"max_pixels": 1_000_000, "max_side": 2_000})
    source = open_manifest(iiif.publish(iiif.manifest(canvas)), small, client)
    page = source.read(source.pages()[0])
    assert page.width * page.height <= 1_000_000


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("level", [0, 2])
def test_image_api_selector_cuts_and_turns(reader: Reader, iiif: Any, version: int, level: int) -> None:
    """After the cookbook's recipes 0299 (region) and 0040 (rotation by the image service)."""
    service = iiif.service("image", iiif.picture(400, 600), version=version, level=level)
    part = {
        "type": "SpecificResource",
        "source": iiif.image(service),
        "selector": {"type": "iiif:ImageApiSelector", "region": "40,60,200,300", "rotation": "90"},
    }
    page = reader.page(part, size=(300, 200))
    assert same(page, np.rot90(service.pixels[60:360, 40:240], -1))


def test_fragment_selector_counts_in_pixels_of_the_image_named(reader: Reader, iiif: Any) -> None:
    service = iiif.service("image", iiif.picture(400, 600))
    small = iiif.image(service) | {"id": f"{service.url}/full/200,/0/default.jpg", "width": 200, "height": 300}
    selector = {"@type": "oa:FragmentSelector", "value": "xywh=20,30,100,150"}
    part = {"@type": "oa:SpecificResource", "full": iiif.in_2(small), "selector": selector}
    page = reader.page(manifest=iiif.manifest_2(iiif.canvas_2(part, size=(200, 300))))
    assert same(page, service.pixels[60:360, 40:240])


def test_fragment_selector_on_a_plain_image(reader: Reader, iiif: Any) -> None:
    pixels = iiif.picture(400, 600)
    iiif.server.routes["/a.jpg"] = lambda handler: handler.reply(200, iiif.jpeg(pixels))
    part = {"type": "SpecificResource", "source": "/a.jpg", "selector": "xywh=percent:50,0,50,50"}
    assert same(reader.page(part), pixels[:300, 200:])


def test_an_image_that_is_itself_a_region_request(reader: Reader, iiif: Any) -> None:
    service = iiif.service("image", iiif.picture(400, 600))
    body = iiif.image(service) | {"id": f"{service.url}/100,200,200,300/100,/0/default.jpg"}
    page = reader.page(body, size=(200, 300))
    assert same(page, service.pixels[200:500, 100:300])
    assert page.painting is not None and page.painting["images"][0]["part"] == "100,200,200,300"


def test_the_first_or_default_choice_is_taken(reader: Reader, iiif: Any) -> None:
    """After the cookbook's recipe 0033, and oa:Choice of Presentation 2."""
    natural = iiif.service("natural", iiif.picture(400, 600, seed=1))
    xray = iiif.service("xray", iiif.picture(400, 600, seed=2))
    choice = {"type": "Choice", "items": [iiif.image(natural), iiif.image(xray)]}
    assert same(reader.page(choice), natural.pixels)
    old = {"@type": "oa:Choice", "default": iiif.in_2(iiif.image(natural)), "item": [iiif.in_2(iiif.image(xray))]}
    assert same(reader.page(manifest=iiif.manifest_2(iiif.canvas_2(old))), natural.pixels)
    without = {"@type": "oa:Choice", "default": "rdf:nil", "item": iiif.in_2(iiif.image(xray))}
    assert same(reader.page(manifest=iiif.manifest_2(iiif.canvas_2(without))), xray.pixels)
