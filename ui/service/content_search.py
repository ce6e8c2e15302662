"""Hits as IIIF Content Search 2.0 and 1.0 answers (https://iiif.io/api/search/2.0/ and /1.0/)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class FoundWord:
    """What one hit contributes to an answer."""

    id: str
    canvas: str
    xywh: str
    """Canvas pixels."""
    confidence: float
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class FoundPage:
    """One page of hits in one document."""

    service: str
    """Address of the search service that was asked."""
    text: str
    """The query."""
    start: int
    """Index of the first hit of this page among all."""
    total: int
    words: Sequence[FoundWord]
    ignored: tuple[str, ...] = ()
    """Names of request parameters that were not used."""

    def address(self, start: int | None = None) -> str:
        """The URL of a page of this answer; without a start, of the whole."""
        return f"{self.service}?{urlencode({'q': self.text} | ({} if start is None else {'start': start}))}"

    @property
    def last_start(self) -> int:
        """Where the last page begins."""
        return max(0, (self.total - 1) // PAGE_SIZE * PAGE_SIZE)

    @property
    def next_start(self) -> int | None:
        """Where the next page begins, None on the last."""
        following = self.start + PAGE_SIZE
        return following if following < self.total else None

    @property
    def previous_start(self) -> int | None:
        """Where the page before begins, None on the first."""
        return max(0, self.start - PAGE_SIZE) if self.start else None


def search_2(found: FoundPage) -> dict[str, Any]:
    """The answer in version 2.0: an AnnotationPage."""
    page: dict[str, Any] = {
        "@context": "http://iiif.io/api/search/2/context.json",
        "id": found.address(found.start),
        "type": "AnnotationPage",
        "ignored": list(found.ignored),
        "startIndex": found.start,
        "partOf": {
            "id": found.address(),
            "type": "AnnotationCollection",
            "total": found.total,
            "first": {"id": found.address(0), "type": "AnnotationPage"},
            "last": {"id": found.address(found.last_start), "type": "AnnotationPage"},
        },
        "items": [
            {
                "id": f"{found.service}/word/{word.id}",
                "type": "Annotation",
                "motivation": "highlighting",
                "body": {"type": "TextualBody", "value": _says(found, word), "format": "text/plain"},
                "target": f"{word.canvas}#xywh={word.xywh}",
            }
            for word in found.words
        ],
    }
    if not found.ignored:
        del page["ignored"]
    for name, start in (("next", found.next_start), ("prev", found.previous_start)):
        if start is not None:
            page[name] = {"id": found.address(start), "type": "AnnotationPage"}
    return page


def search_1(found: FoundPage) -> dict[str, Any]:
    """The answer in version 1.0: an AnnotationList with hits."""
    layer: dict[str, Any] = {
        "@type": "sc:Layer",
        "total": found.total,
        "first": found.address(0),
        "last": found.address(found.last_start),
    }
    if found.ignored:
        layer["ignored"] = list(found.ignored)
    names = [f"{found.service}/word/{word.id}" for word in found.words]
    answer: dict[str, Any] = {
        "@context": [
            "http://iiif.io/api/presentation/2/context.json",
            "http://iiif.io/api/search/1/context.json",
        ],
        "@id": found.address(found.start),
        "@type": "sc:AnnotationList",
        "within": layer,
        "startIndex": found.start,
        "resources": [
            {
                "@id": name,
                "@type": "oa:Annotation",
                "motivation": "oa:highlighting",
                "resource": {"@type": "cnt:ContentAsText", "format": "text/plain", "chars": _says(found, word)},
                "on": f"{word.canvas}#xywh={word.xywh}",
            }
            for name, word in zip(names, found.words, strict=True)
        ],
        "hits": [
            {"@type": "search:Hit", "annotations": [name], "match": found.text, "after": f" ({word.confidence:.0%})"}
            for name, word in zip(names, found.words, strict=True)
        ],
    }
    for key, start in (("next", found.next_start), ("prev", found.previous_start)):
        if start is not None:
            answer[key] = found.address(start)
    return answer


def _says(found: FoundPage, word: FoundWord) -> str:
    """Nobody has read the word: say what was asked, and how sure the match is."""
    return f"{found.text} ({word.confidence:.0%})"
