"""The forms of export by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from infra.errors import UsageError
from search.engine.export.alto import alto
from search.engine.export.annotations import annotation_page
from search.engine.export.comma_separated import comma_separated
from search.engine.export.json_lines import json_lines
from search.engine.export.manifest import manifest
from search.engine.export.page_xml import page_documents
from search.engine.hits import Hit


@dataclass(frozen=True, slots=True)
class Form:
    """One file format."""

    name: str
    label: str
    ending: str
    """Of the file name, without the dot."""
    media_type: str


FORMS: tuple[Form, ...] = (
    Form("csv", "CSV", "csv", "text/csv"),
    Form("jsonl", "JSON Lines", "jsonl", "application/x-ndjson"),
    Form("annotations", "W3C annotations", "json", "application/ld+json"),
    Form("manifest", "IIIF manifest", "json", "application/ld+json"),
    Form("alto", "ALTO 4", "alto.xml", "application/xml"),
    Form("page", "PAGE 2019", "page.xml", "application/xml"),
)


def export(hits: Sequence[Hit], form: str, *, asked: str, base_url: str) -> Iterator[str]:
    """The hits as one file, piece by piece. `asked`: the query in words, for labels.

    Raises UsageError for an unknown form, for ALTO without hits, and for PAGE unless all hits are on one page: see
    `export_files`.
    """
    return _writer(form)(hits, asked, base_url)


def export_files(hits: Sequence[Hit], form: str, *, asked: str, base_url: str) -> Iterator[tuple[str, str]]:
    """(file name, content): for PAGE one file a page, else one in all. UsageError as `export`, but not for PAGE."""
    if form == "page":
        yield from page_documents(hits)
        return
    ending = next((known.ending for known in FORMS if known.name == form), "")
    yield f"hits.{ending}", "".join(export(hits, form, asked=asked, base_url=base_url))


def _single_page(hits: Sequence[Hit], asked: str, base_url: str) -> Iterator[str]:
    documents = list(page_documents(hits))
    if len(documents) != 1:
        raise UsageError(f"a PAGE file holds one page and these hits are on {len(documents)}; export to a folder")
    yield documents[0][1]


_WRITERS: dict[str, Callable[[Sequence[Hit], str, str], Iterator[str]]] = {
    "csv": lambda hits, asked, base_url: comma_separated(hits),
    "jsonl": lambda hits, asked, base_url: json_lines(hits),
    "annotations": annotation_page,
    "manifest": manifest,
    "alto": lambda hits, asked, base_url: alto(hits),
    "page": _single_page,
}


def _writer(form: str) -> Callable[[Sequence[Hit], str, str], Iterator[str]]:
    if form not in _WRITERS:
        raise UsageError(f"{form!r} is no form of export; there are {', '.join(_WRITERS)}")
    return _WRITERS[form]
