"""Folders, collections and lists of files become single documents, each accounted for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from infra.errors import CorruptError, NotFoundError, UnsupportedError
from infra.settings import Settings
from ingest.sources import ExpandedInput, expand_inputs
from ingest.sources.expand import natural_key

Encode = Callable[..., bytes]
Pixels = NDArray[np.uint8]
HELD_OUT = Path(__file__).parents[2] / "../shared/pages/heldout"
PAGE_XML = (
    '<?xml version="1.0"?><PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2013-07-15"></PcGts>'
)


@pytest.fixture
def png(encode: Encode, grey: Pixels) -> bytes:
    return encode(grey, "PNG")


def fill(folder: Path, files: dict[str, bytes | str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def names(items: list[ExpandedInput], folder: Path) -> list[str]:
    return [os.path.relpath(item.uri, folder) for item in items]


@pytest.mark.skipif(not HELD_OUT.is_dir(), reason="the held-out pages are not here")
def test_the_held_out_pages_are_thirty_documents(settings: Settings) -> None:
    found = list(expand_inputs([str(path) for path in sorted(HELD_OUT.iterdir())], settings))
    assert len(found) == 30
    assert not [item for item in found if item.error]
    assert all(item.uri.endswith(".jpg") for item in found)
    globbed = [str(path) for folder in sorted(HELD_OUT.iterdir()) for path in sorted(folder.iterdir())]
    assert {item.uri for item in expand_inputs(globbed, settings)} == {item.uri for item in found}


def test_folders_are_walked_in_natural_order(tmp_path: Path, settings: Settings, png: bytes) -> None:
    fill(
        tmp_path, dict.fromkeys(["p10.png", "p2.png", "P1.png", "box 2/a.png", "box 10/a.png", "box 2/deep/b.png"], png)
    )
    found = list(expand_inputs([str(tmp_path)], settings))
    assert not [item for item in found if item.error]
    assert names(found, tmp_path) == ["box 2/a.png", "box 2/deep/b.png", "box 10/a.png", "P1.png", "p2.png", "p10.png"]


def test_sidecars_and_hidden_files_are_left_alone(tmp_path: Path, settings: Settings, png: bytes) -> None:
    beside = ["12r.xml", "12r.png.xml", "12r.txt", "12r.gt.txt", "12r.json", "12r.png.md5"]
    others = [
        "README.md",
        "LICENSE",
        "SHA256SUMS",
        "manifest-sha256.txt",
        "bagit.txt",
        "Thumbs.db",
        ".DS_Store",
        "desktop.ini",
    ]
    fill(tmp_path, {"12r.png": png, ".hidden/a.png": png, "__MACOSX/a.png": png, "page/12r.xml": PAGE_XML})
    fill(tmp_path, {"mets.xml": '<mets:mets xmlns:mets="http://www.loc.gov/METS/"></mets:mets>'})
    fill(tmp_path, dict.fromkeys(beside + others, "x"))
    assert list(expand_inputs([str(tmp_path)], settings)) == [ExpandedInput(str(tmp_path / "12r.png"))]


def test_everything_else_is_accounted_for(tmp_path: Path, settings: Settings, png: bytes) -> None:
    fill(tmp_path, {"a.png": png, "b.docx": b"PK\x03\x04", "c.jpg": b"", "d.json": "{}", "e.txt": "x", "f.xml": "<x/>"})
    os.mkfifo(tmp_path / "g.pdf")
    (tmp_path / "h.tif").symlink_to(tmp_path / "nowhere")
    (tmp_path / os.fsdecode(b"i\xff.png")).symlink_to(tmp_path / "a.png")
    found = list(expand_inputs([str(tmp_path)], settings))
    kinds = {os.path.relpath(item.uri, tmp_path): type(item.error) for item in found}
    assert kinds == {
        "a.png": type(None),
        "b.docx": UnsupportedError,
        "c.jpg": CorruptError,
        "d.json": UnsupportedError,
        "e.txt": UnsupportedError,
        "f.xml": UnsupportedError,
        "g.pdf": UnsupportedError,
        "h.tif": NotFoundError,
        "i\\xff.png": UnsupportedError,
    }
    assert all(item.error.input == item.uri for item in found if item.error)


def test_named_files_sidecars_and_missing_paths(tmp_path: Path, settings: Settings, png: bytes) -> None:
    fill(tmp_path, {"a.png": png, "a.xml": PAGE_XML, "sub/b.png": png})
    together = list(expand_inputs([str(tmp_path / "a.png"), str(tmp_path / "a.xml")], settings))
    assert together == [ExpandedInput(str(tmp_path / "a.png"))], "as a glob names them"
    alone = list(expand_inputs([str(tmp_path / "a.xml")], settings))
    assert [type(item.error) for item in alone] == [UnsupportedError], "whoever names one file wants it read"
    missing, empty = str(tmp_path / "none"), tmp_path / "empty"
    empty.mkdir()
    found = list(expand_inputs([missing, str(empty)], settings))
    assert [(item.uri, type(item.error)) for item in found] == [(missing, NotFoundError), (str(empty), NotFoundError)]


def test_each_document_comes_once_however_it_is_named(
    tmp_path: Path, settings: Settings, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, {"a.png": png, "sub/b.png": png})
    monkeypatch.chdir(tmp_path / "sub")
    given = ["..", str(tmp_path / "a.png"), "b.png", "../sub/b.png", (tmp_path / "a.png").as_uri()]
    found = list(expand_inputs(given, settings))
    assert names(found, tmp_path) == ["a.png", "sub/b.png"]


def test_linked_folders_end(tmp_path: Path, settings: Settings, png: bytes) -> None:
    fill(tmp_path, {"z/a.png": png})
    (tmp_path / "z" / "loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "z")
    found = list(expand_inputs([str(tmp_path)], settings))
    assert names(found, tmp_path) == ["z/a.png"], "real folders before links to them"


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may open every folder")
def test_a_locked_folder_is_named(tmp_path: Path, settings: Settings) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    found = list(expand_inputs([str(tmp_path)], settings))
    assert [type(item.error) for item in found] == [NotFoundError]


def test_local_manifests_and_collections(tmp_path: Path, settings: Settings) -> None:
    context = "http://iiif.io/api/presentation/3/context.json"

    def manifest(number: int) -> dict[str, object]:
        return {
            "@context": context,
            "id": f"https://example.org/{number}",
            "type": "Manifest",
            "label": {},
            "items": [],
        }

    fill(tmp_path, {"one.json": json.dumps(manifest(1)), "not a name.jpg": json.dumps(manifest(2))})
    found = list(expand_inputs([str(tmp_path)], settings))
    assert sorted(names(found, tmp_path)) == ["not a name.jpg", "one.json"]
    assert not [item for item in found if item.error]
    collection = {"@context": context, "id": "https://example.org/c", "type": "Collection", "label": {}, "items": []}
    parts = [{"id": "http://127.0.0.1:9/a.json", "type": "Manifest", "label": {}}]
    fill(tmp_path, {"c/collection.json": json.dumps({**collection, "items": parts})})
    assert [item.uri for item in expand_inputs([str(tmp_path / "c")], settings)] == ["http://127.0.0.1:9/a.json"]
    unreachable = list(expand_inputs(["http://127.0.0.1:9/a.json"], settings))
    assert unreachable[0].error is not None


def test_a_manifest_s_own_images_come_with_it_alone(tmp_path: Path, settings: Settings, png: bytes) -> None:
    def canvas(number: int, **body: object) -> dict[str, object]:
        painting = {"type": "Annotation", "motivation": "painting", "body": {"type": "Image", **body}}
        page = {"type": "AnnotationPage", "items": [painting]}
        return {"id": f"https://example.org/{number}", "type": "Canvas", "width": 9, "height": 9, "items": [page]}

    manifest = {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": "https://example.org/m",
        "type": "Manifest",
        "label": {},
        "items": [
            canvas(1, id="b.png"),
            canvas(2, id="deep/a.png"),
            canvas(3, service=[{"id": "tiles", "type": "ImageService3"}]),
            canvas(4, id="https://example.org/elsewhere.png"),
            canvas(5, service=[{"id": ".", "type": "ImageService3"}]),
        ],
    }
    service = {"@context": "http://iiif.io/api/image/3/context.json", "type": "ImageService3", "width": 9, "height": 9}
    shown = {"b.png": png, "deep/a.png": png, "tiles/full/max/0/default.png": png}
    fill(tmp_path, {"manifest.json": json.dumps(manifest), "tiles/info.json": json.dumps(service), **shown})
    fill(tmp_path, {"other.png": png, "deep/other.png": png, "elsewhere.png": png})
    once = ["deep/other.png", "elsewhere.png", "manifest.json", "other.png"]
    assert names(list(expand_inputs([str(tmp_path)], settings)), tmp_path) == once
    globbed = [str(path) for path in sorted(tmp_path.iterdir())]
    assert sorted(names(list(expand_inputs(globbed, settings)), tmp_path)) == once
    alone = [str(tmp_path / "b.png")]
    assert names(list(expand_inputs(alone, settings)), tmp_path) == ["b.png"], "who names one image wants it read"
    (tmp_path / "manifest.json").write_text('{"@context": "http://iiif.io/api/presentation/3/context.json", "type":')
    broken = list(expand_inputs([str(tmp_path)], settings))
    assert {"b.png", "deep/a.png", "other.png"} < set(names(broken, tmp_path)), "none is lost with it"


@given(st.lists(st.from_regex(r"[a-c]{0,2}[0-9]{0,3}[a-c]?", fullmatch=True), max_size=8))
def test_natural_order_is_an_order(some: list[str]) -> None:
    assert sorted(some, key=natural_key) == sorted(sorted(some), key=natural_key)
    assert sorted(["10", "9", "1"], key=natural_key) == ["1", "9", "10"]
