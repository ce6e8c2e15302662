"""Manifests of both versions: pages, labels, metadata, digests, local files, and everything that can be wrong."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trial
from hypothesis import strategies as st

from infra.errors import CorruptError, ForbiddenAddressError, InputError, LimitError, NotFoundError, UnsupportedError
from infra.http import HttpClient
from infra.settings import Settings
from ingest.geometry import Region
from ingest.iiif import ManifestSource, is_collection, is_iiif, open_manifest, region_url
from ingest.iiif.language import plain
from ingest.sources import open_source


@pytest.fixture
def opened(iiif: Any, settings: Settings, client: HttpClient) -> Any:
    return lambda manifest: open_manifest(iiif.publish(manifest), settings, client)


def painted(iiif: Any, number: int = 1, **more: Any) -> Any:
    return iiif.canvas({"id": f"/{number}.jpg", "type": "Image"}, number=number, **more)


def test_pages_are_the_canvases_in_order(opened: Any, iiif: Any) -> None:
    service = iiif.service("image", iiif.picture(40, 60))
    canvases = [
        iiif.canvas(iiif.image(service), number=1, label={"none": ["1r"]}, size=(400, 600)),
        iiif.canvas(iiif.image(service), number=2, size=None),
    ]
    source = opened(iiif.manifest(*canvases))
    pages = source.pages()
    assert [(page.number, page.label, page.canvas, page.canvas_size) for page in pages] == [
        (1, "1r", "https://example.org/canvas/1", (400, 600)),
        (2, "2", "https://example.org/canvas/2", None),
    ]
    assert [page.image_service for page in pages] == [service.url, service.url]
    assert source.info.kind == "iiif"
    assert source.info.uri == source.info.manifest == f"{iiif.server.url}/manifest.json"
    assert iiif.server.paths == ["/manifest.json"]  # listing asks for nothing else
    source.close()
    source.close()


def test_both_versions_give_the_same_page(opened: Any, iiif: Any) -> None:
    service = iiif.service("image", iiif.picture(40, 60))
    new = opened(iiif.manifest(iiif.canvas(iiif.image(service), label={"en": ["1r"]}))).pages()
    old = opened(iiif.manifest_2(iiif.canvas_2(iiif.image(service), label="1r"))).pages()
    assert new == old


def test_further_sequences_are_other_orders(opened: Any, iiif: Any) -> None:
    manifest = iiif.manifest_2(iiif.canvas_2({"id": "/1.jpg"}))
    manifest["sequences"] = [{"@id": "elsewhere"}, *manifest["sequences"], {"canvases": [1, 2]}]
    assert len(opened(manifest).pages()) == 1


def test_label_and_metadata_are_plain_text(opened: Any, iiif: Any) -> None:
    manifest = iiif.manifest(
        painted(iiif),
        label={"de": ["Ein Buch"], "en": ["A <i>book</i>", "of hours"]},
        metadata=[
            {"label": {"en": ["Date"]}, "value": {"none": ["ca. 1450"]}},
            {"label": {"en": ["Date"]}, "value": {"none": ["ca. 1450", "ca. 1460"]}},
            {"label": "Hand", "value": ["<p>Cursive &amp; quick</p><script>alert(1)</script>"]},
            {"label": {"en": []}, "value": {"en": ["dropped"]}},
            "nonsense",
        ],
        navDate="1450-01-01T00:00:00Z",
        requiredStatement={"label": {"en": ["Attribution"]}, "value": {"en": ["<a href='x'>The library</a>"]}},
        rights="http://creativecommons.org/publicdomain/mark/1.0/",
        summary={"en": ["Five\nleaves"]},
    )
    info = opened(manifest).info
    assert info.label == "A book; of hours"
    assert info.metadata == {
        "Date": "ca. 1450; ca. 1450; ca. 1460",
        "Hand": "Cursive & quick",
        "Attribution": "The library",
        "Rights": "http://creativecommons.org/publicdomain/mark/1.0/",
        "Summary": "Five leaves",
        "navDate": "1450-01-01T00:00:00Z",
    }


def test_metadata_of_version_2(opened: Any, iiif: Any) -> None:
    manifest = iiif.manifest_2(
        iiif.canvas_2({"id": "/1.jpg"}),
        label=[{"@value": "Livre", "@language": "fr"}, {"@value": "Book", "@language": "en"}],
        metadata=[{"label": [{"@value": "Date", "@language": "en"}], "value": [{"@value": 1450}]}],
        attribution="The library",
        license="https://example.org/licence",
    )
    info = opened(manifest).info
    assert info.label == "Book"
    assert info.metadata == {"Date": "1450", "Attribution": "The library", "Rights": "https://example.org/licence"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"fr": ["un"], "none": ["one"]}, "one"),
        ({"fr": ["un"], "de": ["eins"]}, "un"),
        ({"en-GB": ["grey"], "none": ["x"]}, "grey"),
        ("a < b and c > d", "a < b and c > d"),
        ("half \ud800 and \x00 nul", "half and nul"),
        ({"en": "not a list"}, "not a list"),
        (None, ""),
        ({"en": [{}, None, True]}, ""),
        ("x" * 5000, "x" * 1999 + "…"),
    ],
)
def test_chooses_language_and_takes_markup_off(value: Any, text: str) -> None:
    assert plain(value) == text


def test_a_nameless_manifest_is_called_by_its_address(opened: Any, iiif: Any) -> None:
    assert opened(iiif.manifest(painted(iiif), label=None)).info.label == "manifest.json"


# Digests


def test_one_changed_canvas_changes_only_its_page(opened: Any, iiif: Any) -> None:
    canvases = [painted(iiif, number) for number in (1, 2, 3)]
    before = opened(iiif.manifest(*canvases))
    changed = copy.deepcopy(canvases)
    changed[1]["items"][0]["items"][0]["body"]["id"] = "/new.jpg"
    after = opened(iiif.manifest(*changed))
    same = [old.digest == new.digest for old, new in zip(before.pages(), after.pages(), strict=True)]
    assert same == [True, False, True]
    assert before.info.digest != after.info.digest


def test_order_of_keys_and_labels_do_not_change_pages(opened: Any, iiif: Any) -> None:
    manifest = iiif.manifest(painted(iiif, label={"en": ["1r"]}))
    turned = dict(reversed(list(manifest.items())))
    assert opened(manifest).info.digest == opened(turned).info.digest
    named = opened(iiif.manifest(painted(iiif, label={"en": ["fol. 1r"]})))
    assert named.pages()[0].digest == opened(manifest).pages()[0].digest
    assert named.info.digest != opened(manifest).info.digest


# Manifests in files


@pytest.fixture
def shelf(tmp_path: Path, iiif: Any) -> Any:
    """A folder with a manifest over image files."""
    folder = tmp_path / "shelf"
    (folder / "pages").mkdir(parents=True)
    (folder / "pages" / "1 r.jpg").write_bytes(iiif.jpeg(iiif.picture(40, 60)))
    (tmp_path / "secret.jpg").write_bytes(iiif.jpeg(iiif.picture(40, 60)))

    def write(*images: str) -> str:
        bodies = [iiif.canvas({"id": image, "type": "Image"}, number=n) for n, image in enumerate(images, 1)]
        (folder / "manifest.json").write_text(json.dumps(iiif.manifest(*bodies)))
        return str(folder / "manifest.json")

    return write


def test_local_manifest_reads_the_files_beside_it(shelf: Any, settings: Settings, tmp_path: Path) -> None:
    full = (tmp_path / "shelf" / "pages" / "1 r.jpg").as_uri()
    path = shelf("pages/1%20r.jpg", "pages/1 r.jpg", "./pages/../pages/1%20r.jpg", full)
    source = open_source(path, settings)
    assert isinstance(source, ManifestSource)
    assert source.info.uri == path
    for page in source.pages():
        image = source.read(page)
        assert (image.width, image.height) == (40, 60)
        assert page.image_service is None


@pytest.mark.parametrize("image", ["../secret.jpg", "/etc/passwd", "file:///etc/passwd", "..%2Fsecret.jpg", "link.jpg"])
def test_local_manifest_leads_nowhere_else(shelf: Any, settings: Settings, tmp_path: Path, image: str) -> None:
    path = shelf(image)
    (tmp_path / "shelf" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    source = open_manifest(path, settings)
    with pytest.raises(ForbiddenAddressError, match=r"Canvas '1' .*outside the manifest's folder") as caught:
        source.read(source.pages()[0])
    assert (caught.value.input, caught.value.page) == (path, 1)


def test_local_service_may_not_link_out_either(shelf: Any, settings: Settings, tmp_path: Path, iiif: Any) -> None:
    service = tmp_path / "shelf" / "tiles"
    (service / "full" / "max" / "0").mkdir(parents=True)
    (service / "info.json").write_text(json.dumps({"width": 40, "height": 60, "type": "ImageService3"}))
    target = service / "full" / "max" / "0" / "default.jpg"
    shelf("x.jpg")
    manifest = iiif.manifest(iiif.canvas({"service": [{"id": "tiles", "type": "ImageService3"}]}))
    path = tmp_path / "shelf" / "manifest.json"
    path.write_text(json.dumps(manifest))
    target.symlink_to(tmp_path / "secret.jpg")
    source = open_manifest(str(path), settings)
    with pytest.raises(ForbiddenAddressError):
        source.read(source.pages()[0])
    target.unlink()
    target.write_bytes((tmp_path / "secret.jpg").read_bytes())
    page = source.read(source.pages()[0])
    assert (page.width, page.height) == (40, 60)
    assert page.painting is not None and page.painting["images"] == []
    assert source.pages()[0].image_service is None


@pytest.mark.parametrize("image", ["file:///etc/passwd", "ftp://example.org/a.jpg", "data:image/png;base64,xx"])
def test_manifest_from_the_web_never_leads_to_files(opened: Any, iiif: Any, image: str) -> None:
    source = opened(iiif.manifest(iiif.canvas({"id": image, "type": "Image"})))
    with pytest.raises((ForbiddenAddressError, UnsupportedError)):
        source.read(source.pages()[0])


def test_changed_file_changes_its_page_and_the_document(
    shelf: Any, settings: Settings, tmp_path: Path, iiif: Any
) -> None:
    (tmp_path / "shelf" / "2.jpg").write_bytes(iiif.jpeg(iiif.picture(40, 60, seed=2)))
    path = shelf("pages/1%20r.jpg", "2.jpg")
    before = open_manifest(path, settings)
    digests = [page.digest for page in before.pages()]
    os.utime(tmp_path / "shelf" / "2.jpg", (1, 1))
    touched = open_manifest(path, settings)
    assert [page.digest for page in touched.pages()] == digests
    assert touched.info == before.info
    (tmp_path / "shelf" / "2.jpg").write_bytes(iiif.jpeg(iiif.picture(40, 60, seed=3)))
    after = open_manifest(path, settings)
    assert [page.digest == old for page, old in zip(after.pages(), digests, strict=True)] == [True, False]
    assert after.info.digest != before.info.digest


def test_missing_file_is_named(shelf: Any, settings: Settings) -> None:
    source = open_manifest(shelf("pages/1%20r.jpg", "gone.jpg"), settings)
    assert source.read(source.pages()[0]).width == 40
    with pytest.raises(NotFoundError, match=r"page 2: Canvas '2' .*no such file.*gone\.jpg"):
        source.read(source.pages()[1])


# What is no manifest, and canvases that make no sense


@pytest.mark.parametrize(
    ("document", "error", "words"),
    [
        ([], UnsupportedError, "not a IIIF manifest"),
        ({"name": "An app", "start_url": "/"}, UnsupportedError, "not a IIIF manifest"),
        ({"type": "Collection", "items": []}, UnsupportedError, "collection"),
        ({"type": "Manifest", "items": []}, CorruptError, "no canvases"),
        ({"type": "Manifest", "items": {}}, CorruptError, "not a list of canvases"),
        ({"@type": "sc:Manifest", "sequences": []}, CorruptError, "no sequence"),
        ({"@type": "sc:Manifest", "sequences": [{"canvases": "all"}]}, CorruptError, "not a list"),
    ],
)
def test_what_is_no_manifest_is_named(opened: Any, iiif: Any, document: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        opened(document).pages()
    assert caught.value.input == f"{iiif.server.url}/manifest.json"


def test_manifest_errors_name_the_file(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"none\.json"):
        open_manifest(str(tmp_path / "none.json"), settings)
    for name, data in (("empty", b""), ("page", b"<html>"), ("deep", b'{"a":' * 500 + b"1" + b"}" * 500)):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(CorruptError, match=name):
            open_manifest(str(tmp_path / name), settings)


def test_too_many_canvases(iiif: Any, settings: Settings, client: HttpClient) -> None:
    manifest = iiif.publish(iiif.manifest(*[painted(iiif, n) for n in range(6)]))
    with pytest.raises(LimitError, match="MANUSPECT_MAX_PAGES"):
        open_manifest(manifest, settings.model_copy(update={"max_pages": 5}), client).pages()


def test_is_iiif() -> None:
    assert is_iiif({"@context": "http://iiif.io/api/presentation/3/context.json", "type": "Manifest"})
    assert is_iiif({"@context": "http://www.shared-canvas.org/ns/context.json", "@type": "sc:Manifest"})
    assert is_iiif({"@context": ["a", "http://iiif.io/api/presentation/3/context.json"], "type": "Collection"})
    assert is_collection({"@type": "sc:Collection", "manifests": []})
    assert not is_collection({"type": "Manifest", "items": []})
    for other in ({"type": "Manifest"}, {"manifest_version": 3, "name": "x"}, [], None, "Manifest", {"type": 3}):
        assert not is_iiif(other)


@pytest.mark.parametrize(
    ("canvas", "error", "words"),
    [
        (None, CorruptError, "null, not an object"),
        ({"id": 5}, CorruptError, "id"),
        ({"id": "c", "width": [], "height": 5}, CorruptError, "width is a list"),
        ({"id": "c", "width": True, "height": 5}, CorruptError, "width is true or false"),
        ({"id": "c", "width": 1e30, "height": 5}, CorruptError, "not a number from 1"),
        ({"id": "c", "width": 10, "height": 5, "thumbnail": "t.jpg"}, NotFoundError, "only a thumbnail"),
        ({"id": "c", "items": [{"items": [{"motivation": "painting", "body": None}]}]}, CorruptError, "null"),
        ({"id": "c", "items": [{"items": [{"motivation": "commenting", "body": "x"}]}]}, NotFoundError, "no image"),
        ({"id": "c", "items": [{"items": [{"body": {"type": "Video", "id": "v"}}]}]}, UnsupportedError, "video"),
        ({"id": "c", "items": [{"items": [{"body": {"type": "Choice", "items": []}}]}]}, CorruptError, "lists none"),
        ({"id": "c", "items": [{"items": [{"body": {"type": "Image"}}]}]}, CorruptError, "neither an id"),
        ({"id": "c", "items": [{"items": [{"body": "x", "target": "c#xywh=1,2,3"}]}]}, CorruptError, "not a region"),
        ({"id": "c", "items": [{"items": [{"body": "x", "target": "c#xywh=1,2,0,3"}]}]}, CorruptError, "empty"),
        (
            {"id": "c", "width": 9, "height": 9, "items": [{"items": [{"body": "x", "target": "c#xywh=50,2,3,3"}]}]},
            CorruptError,
            "outside",
        ),
        (
            {"id": "c", "items": [{"items": [{"body": "x", "target": {"selector": {"type": "SvgSelector"}}}]}]},
            UnsupportedError,
            "SvgSelector",
        ),
    ],
)
def test_a_senseless_canvas_is_named_and_the_others_are_read(
    opened: Any, iiif: Any, canvas: Any, error: Any, words: str
) -> None:
    data = iiif.jpeg(iiif.picture(400, 600))
    iiif.server.routes["/1.jpg"] = lambda handler: handler.reply(200, data)
    source = opened(iiif.manifest(painted(iiif, 1), canvas))
    pages = source.pages()
    for _ in range(2):
        with pytest.raises(error, match=f"Canvas '2'.*{words}") as caught:
            source.read(pages[1])
        assert (caught.value.input, caught.value.page) == (f"{iiif.server.url}/manifest.json", 2)
        assert caught.value.reason.count("Canvas '2'") == 1
    assert source.pages() == pages
    assert source.read(pages[0]).width == 400


def test_sound_beside_an_image_is_left_out(opened: Any, iiif: Any) -> None:
    data = iiif.jpeg(iiif.picture(400, 600))
    iiif.server.routes["/1.jpg"] = lambda handler: handler.reply(200, data)
    source = opened(iiif.manifest(iiif.canvas({"id": "/s.mp3", "type": "Sound"}, {"id": "/1.jpg", "type": "Image"})))
    assert source.read(source.pages()[0]).width == 400


def test_a_page_that_is_not_there(opened: Any, iiif: Any) -> None:
    source = opened(iiif.manifest(painted(iiif)))
    page = source.pages()[0]
    with pytest.raises(NotFoundError, match="no such canvas"):
        source.read(type(page)(number=7, label="7"))


# Hostile manifests

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
WORDS = (
    "id",
    "@id",
    "type",
    "@type",
    "items",
    "body",
    "target",
    "service",
    "selector",
    "source",
    "full",
    "on",
    "region",
)
TEMPTING = st.sampled_from(
    [
        *WORDS,
        "Choice",
        "SpecificResource",
        "ImageApiSelector",
        "FragmentSelector",
        "xywh=0,0,5,5",
        "#xywh=percent:1,1,9,9",
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        found += places(child, (*path, key))
    return found


def mutated(document: Any, path: tuple[Any, ...], new: Any, how: str) -> Any:
    changed = copy.deepcopy(document)
    if not path:
        return new
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    if how == "drop":
        del parent[path[-1]]
    elif how == "wrap":
        parent[path[-1]] = [parent[path[-1]], new]
    elif how == "rename" and isinstance(parent, dict):
        parent[str(new)] = parent.pop(path[-1])
    else:
        parent[path[-1]] = new
    return changed


def test_mutated_manifests_give_pages_or_named_errors_and_nothing_else(
    iiif: Any, settings: Settings, tmp_path: Path
) -> None:
    """Any value, key or place may be wrong; what comes out is a page or an InputError that names it."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(iiif.jpeg(iiif.picture(20, 30)))
    (folder / "service").mkdir()
    info = {"@context": "http://iiif.io/api/image/3/context.json", "width": 20, "height": 30, "profile": "level0"}
    info |= {"sizes": [{"width": 10, "height": 15}], "tiles": [{"width": 8, "scaleFactors": [1, 2]}], "maxWidth": 20}
    plain_image = {"id": "1.jpg", "type": "Image", "width": 20, "height": 30}
    served = plain_image | {"service": [{"id": "service", "type": "ImageService3", "profile": "level0"}]}
    part = {
        "type": "SpecificResource",
        "source": plain_image,
        "selector": {"type": "FragmentSelector", "value": "xywh=1,1,9,9"},
    }
    turn = {"type": "SpecificResource", "source": served, "selector": {"type": "ImageApiSelector", "rotation": 90}}
    choice = {"type": "Choice", "items": [plain_image, served]}
    bodies = (plain_image, served, part, turn, choice)
    details = {"metadata": [{"label": {"en": ["a"]}, "value": {"en": ["b"]}}], "requiredStatement": {"label": "a"}}
    target = {
        "type": "SpecificResource",
        "source": "c",
        "selector": {"type": "FragmentSelector", "value": "xywh=1,1,9,9"},
    }
    placed = iiif.canvas(plain_image, served, size=(20, 30), targets=["", "#xywh=1,1,5,5"])
    elsewhere = iiif.canvas(plain_image, size=(20, 30))
    elsewhere["items"][0]["items"][0]["target"] = target
    new = iiif.manifest(*[iiif.canvas(body, size=(20, 30)) for body in bodies], placed, elsewhere, **details)
    old = iiif.manifest_2(*[iiif.canvas_2(body, size=(20, 30)) for body in bodies], **details)

    @trial(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.sampled_from([(new, info), (old, info)]),
        st.lists(
            st.tuples(
                st.integers(0, 10_000),
                values | TEMPTING,
                st.sampled_from(["replace", "drop", "wrap", "rename"]),
                st.booleans(),
            ),
            min_size=1,
            max_size=3,
        ),
    )
    def attempt(documents: Any, changes: Any) -> None:
        manifest, information = documents
        for choice, value, how, of_info in changes:
            if of_info:
                where = places(information)
                information = mutated(information, where[choice % len(where)], value, how)
            else:
                where = places(manifest)
                manifest = mutated(manifest, where[choice % len(where)], value, how)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "service" / "info.json").write_text(json.dumps(information))
        try:
            source = open_manifest(str(folder / "manifest.json"), settings)
            info, pages = source.info, source.pages()
        except InputError as error:
            assert error.input == str(folder / "manifest.json")
            return
        json.dumps([info.label, dict(info.metadata)], ensure_ascii=False).encode()  # fit for a database
        for page in pages:
            json.dumps([page.label, page.canvas, page.digest], ensure_ascii=False).encode()
            try:
                image = source.read(page)
            except InputError as error:
                assert error.page == page.number
                assert error.reason.startswith("Canvas ")
            else:
                assert image.pixels.shape[:2] == (image.height, image.width)
                json.dumps(image.painting)

    attempt()


def test_hits_of_a_page_lead_to_its_service(opened: Any, iiif: Any) -> None:
    """From listing through reading to the URL of a region: what the catalogue keeps is enough."""
    service = iiif.service("image", iiif.picture(400, 600), version=3)
    source = opened(iiif.manifest(iiif.canvas(iiif.image(service), size=(800, 1200))))
    page = source.pages()[0]
    image = source.read(page)

    class Kept:
        id = "p"
        width, height = page.canvas_size
        image_service = page.image_service
        painting = json.loads(json.dumps(image.painting))

    url = region_url(Kept(), Region(100, 200, 50, 60))
    assert url == f"{service.url}/50,100,25,30/max/0/default.jpg"
    assert service.render(url[len(service.url) + 1 :]).size == (25, 30)
