"""Content search in both versions: paging, totals, targets, refusals."""

from __future__ import annotations

from typing import Any

from ui.service.access import Viewer


def ask(reading: Any, version: int, document: str | None = None, **params: str) -> Any:
    return reading.client.get(f"/iiif/search/{version}/{document or reading.open_document}", params=params)


def test_version_2_pages_through_every_hit_once(reading: Any) -> None:
    answer = ask(reading, 2, q="Lyon", motivation="painting").json()
    assert answer["type"] == "AnnotationPage"
    assert answer["ignored"] == ["motivation"]
    collection = answer["partOf"]
    assert (collection["type"], collection["total"]) == ("AnnotationCollection", 250)
    seen = []
    while True:
        seen += [item["id"] for item in answer["items"]]
        assert answer["startIndex"] == len(seen) - len(answer["items"])
        if "next" not in answer:
            break
        following = reading.client.get(answer["next"]["id"])
        assert following.json()["prev"]["id"] == answer["id"]
        answer = following.json()
    assert len(seen) == len(set(seen)) == 250
    assert answer["id"] == collection["last"]["id"]


def test_version_2_targets_regions_of_canvases(reading: Any) -> None:
    item = ask(reading, 2, q="Lyon").json()["items"][2]
    assert item["target"] == f"http://archive.test/iiif/presentation/{reading.open_document}/canvas/1#xywh=6,10,20,30"
    assert item["body"]["value"] == "Lyon (99%)"


def test_version_1_says_the_same(reading: Any) -> None:
    first, second = ask(reading, 1, q="Lyon").json(), ask(reading, 2, q="Lyon").json()
    assert first["@type"] == "sc:AnnotationList"
    assert first["within"]["total"] == 250
    assert [resource["on"] for resource in first["resources"]] == [item["target"] for item in second["items"]]
    named = {resource["@id"] for resource in first["resources"]}
    assert {name for hit in first["hits"] for name in hit["annotations"]} == named
    assert reading.client.get(first["next"]).json()["startIndex"] == 100
    assert reading.client.get(first["within"]["last"]).json()["startIndex"] == 200


def test_a_query_with_signs_survives_paging(reading: Any) -> None:
    text = '"a&b" = ü?#'
    answer = ask(reading, 2, q=text).json()
    assert reading.client.get(answer["next"]["id"]).json()["items"][0]["body"]["value"].startswith(text)


def test_refusals(reading: Any) -> None:
    assert ask(reading, 2).status_code == 400
    assert ask(reading, 2, q="x" * 1001).status_code == 400
    assert ask(reading, 2, q="x", start="-1").status_code == 400
    assert ask(reading, 3, q="x").status_code == 404
    assert ask(reading, 2, "nothing", q="x").status_code == 404
    bad = ask(reading, 2, q="(")
    assert (bad.status_code, bad.json()) == (400, {"error": "A bracket is not closed."})


def test_a_closed_document_is_not_searched(reading: Any) -> None:
    assert ask(reading, 2, reading.closed_document, q="x").status_code == 404
    reading.viewer = Viewer(name="Ada", groups=frozenset({"archivists"}))
    assert ask(reading, 2, reading.closed_document, q="x").status_code == 200
    reading.viewer = Viewer(admitted=False)
    assert ask(reading, 2, q="x").status_code == 401
