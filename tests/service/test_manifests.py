"""Manifests of local documents."""

from __future__ import annotations

from typing import Any


def test_canvases_are_the_catalogues_and_lead_to_the_images(reading: Any) -> None:
    answer = reading.client.get(f"/iiif/presentation/{reading.open_document}/manifest")
    manifest = answer.json()
    assert "presentation/3/context.json" in answer.headers["content-type"]
    assert manifest["id"] == f"http://archive.test/iiif/presentation/{reading.open_document}/manifest"
    assert manifest["label"] == {"none": ["<b>Open</b>"]}
    (canvas,) = manifest["items"]
    assert canvas["id"] == f"http://archive.test/iiif/presentation/{reading.open_document}/canvas/1"
    assert (canvas["width"], canvas["height"]) == (1300, 900)
    painting = canvas["items"][0]["items"][0]
    assert painting["target"] == canvas["id"]
    assert reading.client.get(painting["body"]["id"]).status_code == 200
    assert reading.client.get(f"{painting['body']['service'][0]['id']}/info.json").json()["width"] == canvas["width"]
    assert {service.get("type") or service["@type"] for service in manifest["service"]} == {
        "SearchService1", "SearchService2",
    }  # fmt: skip


def test_a_canvas_id_leads_to_its_manifest(reading: Any) -> None:
    answer = reading.client.get(f"/iiif/presentation/{reading.open_document}/canvas/1")
    assert answer.status_code == 303
    assert reading.client.get(answer.headers["location"]).status_code == 200


def test_an_unknown_document_is_404(reading: Any) -> None:
    assert reading.client.get("/iiif/presentation/nothing/manifest").status_code == 404
