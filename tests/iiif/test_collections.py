"""Collections: nested, paged, circular, broken in places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trial
from hypothesis import strategies as st

from infra.errors import CorruptError, ForbiddenAddressError, InputError, LimitError, NotFoundError, UnsupportedError
from infra.http import HttpClient
from infra.settings import Settings
from ingest.iiif import expand_collection


@pytest.fixture
def expand(settings: Settings, client: HttpClient) -> Any:
    return lambda uri: list(expand_collection(uri, settings, client))


def collection(*items: Any, **more: Any) -> dict[str, Any]:
    context = "http://iiif.io/api/presentation/3/context.json"
    return {"@context": context, "type": "Collection", "items": list(items)} | more


def manifest(url: str) -> dict[str, str]:
    return {"id": url, "type": "Manifest"}


def test_collections_in_collections_in_order(expand: Any, iiif: Any) -> None:
    inner = iiif.publish(collection(manifest("http://a.org/2"), manifest("/3")), "/inner")
    embedded = {"type": "Collection", "id": "http://a.org/embedded", "items": [manifest("http://a.org/4")]}
    outer = iiif.publish(
        collection(
            manifest("http://a.org/1"), {"id": inner, "type": "Collection"}, embedded, manifest("http://a.org/1")
        )
    )
    assert expand(outer) == ["http://a.org/1", "http://a.org/2", f"{iiif.server.url}/3", "http://a.org/4"]
    assert iiif.server.paths == ["/manifest.json", "/inner"]


def test_collections_of_version_2(expand: Any, iiif: Any) -> None:
    iiif.publish({"@type": "sc:Collection", "members": [{"@id": "http://a.org/3", "@type": "sc:Manifest"}]}, "/more")
    outer = {
        "@context": "http://iiif.io/api/presentation/2/context.json",
        "@type": "sc:Collection",
        "collections": [{"@id": "more", "label": "of no type"}],
        "manifests": ["http://a.org/1", {"@id": "http://a.org/2", "@type": "sc:Manifest"}],
    }
    assert expand(iiif.publish(outer, "/collection.json")) == ["http://a.org/3", "http://a.org/1", "http://a.org/2"]


def test_paged_collections(expand: Any, iiif: Any) -> None:
    iiif.publish({"@type": "sc:Collection", "manifests": ["http://a.org/1"], "next": "/page2"}, "/page1")
    iiif.publish({"manifests": ["http://a.org/2"], "next": {"@id": "page3"}}, "/page2")
    iiif.publish({"manifests": ["http://a.org/3"], "next": "/page1"}, "/page3")  # a circle
    assert expand(iiif.publish({"@type": "sc:Collection", "first": "/page1", "total": 3})) == [
        "http://a.org/1",
        "http://a.org/2",
        "http://a.org/3",
    ]
    embedded = {"@type": "sc:Collection", "first": {"@id": "/here", "manifests": ["http://a.org/1"], "next": "/page2"}}
    assert expand(iiif.publish(embedded))[:2] == ["http://a.org/1", "http://a.org/2"]


def test_circles_end(expand: Any, iiif: Any) -> None:
    iiif.publish(collection(manifest("/1"), {"id": "/b", "type": "Collection"}), "/a")
    iiif.publish(
        collection({"id": "/a", "type": "Collection"}, {"id": "/b", "type": "Collection"}, manifest("/2")), "/b"
    )
    assert expand(iiif.server.url + "/a") == [f"{iiif.server.url}/1", f"{iiif.server.url}/2"]


def test_endless_nesting_is_cut(expand: Any, iiif: Any) -> None:
    def deeper(handler: Any) -> None:
        number = int(handler.path.rpartition("/")[2])
        handler.reply(200, json.dumps(collection({"id": f"/c/{number + 1}", "type": "Collection"})).encode())

    iiif.server.prefixes["/c/"] = deeper
    (found,) = expand(iiif.server.url + "/c/0")
    assert isinstance(found, LimitError)
    assert len(iiif.server.paths) < 30


def test_endless_pages_are_cut(expand: Any, iiif: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.iiif.collection.MAX_DOCUMENTS", 10)

    def further(handler: Any) -> None:
        number = int(handler.path.rpartition("/")[2])
        page = collection(manifest(f"/m/{number}"), next=f"/c/{number + 1}")
        handler.reply(200, json.dumps(page).encode())

    iiif.server.prefixes["/c/"] = further
    found = expand(iiif.server.url + "/c/0")
    assert len(found) == 11
    assert isinstance(found[-1], LimitError)


def test_broken_parts_are_named_and_the_rest_goes_on(expand: Any, iiif: Any) -> None:
    iiif.publish({"no": "collection"}, "/other")
    outer = iiif.publish(
        collection(
            manifest("http://a.org/1"),
            {"id": "/gone", "type": "Collection"},
            {"id": "/other", "type": "Collection"},
            {"type": "Manifest"},
            17,
            manifest("file:///etc/passwd"),
            manifest("http://a.org/2"),
        )
    )
    found = expand(outer)
    assert [item if isinstance(item, str) else type(item) for item in found] == [
        "http://a.org/1",
        NotFoundError,
        UnsupportedError,
        CorruptError,
        CorruptError,
        ForbiddenAddressError,
        "http://a.org/2",
    ]
    inputs = [item.input for item in found if isinstance(item, InputError)]
    assert inputs == [
        iiif.server.url + "/gone",
        iiif.server.url + "/other",
        *[f"{outer}#items[{n}]" for n in (3, 4, 5)],
    ]


def test_a_manifest_stands_for_itself(expand: Any, iiif: Any) -> None:
    uri = iiif.publish(iiif.manifest(iiif.canvas("/1.jpg")))
    assert expand(uri) == [uri]


def test_an_unusable_collection_is_an_error(expand: Any, iiif: Any) -> None:
    with pytest.raises(NotFoundError):
        expand(iiif.server.url + "/gone")
    with pytest.raises(UnsupportedError, match="not a IIIF"):
        expand(iiif.publish({"a": 1}))
    with pytest.raises(CorruptError, match="not an object"):
        expand(iiif.publish([1]))


def test_collection_in_a_file(expand: Any, iiif: Any, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    inner = tmp_path / "a" / "inner.json"
    inner.write_text(json.dumps(collection(manifest("book/manifest.json"), manifest("../../out.json"))))
    outer = tmp_path / "collection.json"
    outer.write_text(json.dumps(collection({"id": "a/inner.json", "type": "Collection"}, manifest("http://a.org/1"))))
    inside, outside, web = expand(str(outer))
    assert inside == str((tmp_path / "a" / "book" / "manifest.json").resolve())
    assert isinstance(outside, ForbiddenAddressError)
    assert web == "http://a.org/1"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.sampled_from(["Collection", "Manifest"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "@id", "type", "items", "manifests", "collections", "members", "first", "next"]),
            inner,
        )
    ),
    max_leaves=12,
)


def test_any_collection_gives_uris_and_named_errors(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "collection.json"

    @trial(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.dictionaries(st.sampled_from(["items", "manifests", "collections", "first", "next", "members"]), values))
    def attempt(parts: Any) -> None:
        path.write_text(json.dumps({"type": "Collection", **parts}))
        try:
            found = list(expand_collection(str(path), settings))
        except InputError as error:
            assert error.input == str(path)
            return
        assert all(isinstance(item, str) or item.input for item in found)

    attempt()
