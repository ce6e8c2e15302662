"""Hits as the gallery component takes them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from ui.portal.asked import Asked
from ui.portal.crops import crop_picture
from ui.portal.finder import Found
from ui.portal.words import clean, count


def gallery_data(hits: Sequence[Found], question: Asked) -> dict[str, Any]:
    """Data for the component; hits of one page stand together where the question says so."""
    if question.group == "none":
        return {"label": "Hits", "groups": [{"title": "", "hits": _cards(hits, question)}]}
    groups = []
    for (document, label, number), of_page in groupby(
        hits, key=lambda hit: (hit.document_label, hit.page_label, hit.page_number)
    ):
        cards = [{**card, "place": "", "page": ""} for card in _cards(list(of_page), question)]  # the title says it
        title = f"{clean(document)}, {page_name(number, label)}"
        groups.append({"title": title, "note": count(len(cards), "hit"), "hits": cards})
    return {"label": "Hits", "groups": groups}


def page_name(number: int, label: str) -> str:
    """`page 3`, or `page 3 (12r)` where the source calls it something else."""
    label = clean(label)
    return f"page {number}" if label.lstrip("0") in ("", str(number)) else f"page {number} ({label})"


def percent(confidence: float | None) -> int | None:
    """A confidence as people read it; never 100, which no machine can promise."""
    return None if confidence is None else min(99, max(0, round(100 * confidence)))


def _cards(hits: Sequence[Found], question: Asked) -> list[dict[str, Any]]:
    return [_card(hit, question) for hit in hits]


def _card(hit: Found, question: Asked) -> dict[str, Any]:
    picture = crop_picture(hit.page, hit.canvas_size, hit.region)
    sure = percent(hit.confidence)
    place = clean(hit.document_label)
    name = page_name(hit.page_number, hit.page_label)
    certainty = "" if sure is None else f", {sure} percent sure"
    return {
        "id": hit.word,
        **picture.data(),
        "place": place,
        "page": name,
        "confidence": sure,
        "alt": f"Open {place}, {name}{certainty}",
        "vote": question.vote_of(hit.word),
    }
