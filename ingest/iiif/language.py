"""Labels and metadata: languages chosen, HTML taken off."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from ingest.iiif.values import Node, printable, several

LONGEST = 2_000
MOST = 200
"""Metadata entries kept."""

_PREFERRED = ("en", "none", "@none", "und", "")
_TAG = re.compile(r"<[a-zA-Z/!]")


def plain(value: object, longest: int = LONGEST) -> str:
    """A label or value of Presentation 2 or 3 as one line of plain text; empty for anything else.

    Where several languages are given, English is chosen, then what has no language, then what comes first. Several
    strings of one language are joined by semicolons.
    """
    texts = (_without_html(text) for text in _chosen(value)[:MOST])
    return printable("; ".join(text for text in texts if text), longest)


def details(manifest: Node) -> dict[str, str]:
    """What a manifest says of itself, label to plain text: metadata, navDate, rights and required statement."""
    found: dict[str, str] = {}
    for entry in several(manifest.get("metadata"))[:MOST]:
        if isinstance(entry, dict):
            _add(found, plain(entry.get("label"), 100), plain(entry.get("value")))
    statement = manifest.get("requiredStatement")
    if isinstance(statement, dict):
        _add(found, plain(statement.get("label"), 100) or "Attribution", plain(statement.get("value")))
    _add(found, "Attribution", plain(manifest.get("attribution")))
    _add(found, "Rights", plain(manifest.get("rights", manifest.get("license"))))
    _add(found, "Summary", plain(manifest.get("summary", manifest.get("description"))))
    _add(found, "navDate", plain(manifest.get("navDate"), 40))
    return found


def _add(found: dict[str, str], label: str, value: str) -> None:
    if label and value and value not in found.get(label, "").split("; "):
        found[label] = printable(f"{found[label]}; {value}" if label in found else value, LONGEST)


def _chosen(value: object) -> list[str]:
    """The strings of the best language, of a language map (3.0) or of strings and `@value` objects (2.x)."""
    by_language: dict[str, list[str]] = {}
    for item in several(value):
        if isinstance(item, str):
            by_language.setdefault("", []).append(item)
        elif isinstance(item, dict) and "@value" in item:
            language = item.get("@language")
            _collect(by_language, language if isinstance(language, str) else "", item["@value"])
        elif isinstance(item, dict):
            for language, texts in item.items():
                _collect(by_language, language, texts)
    for preferred in _PREFERRED:
        for language, found in by_language.items():
            if language.lower() == preferred or (preferred == "en" and language.lower().startswith("en-")):
                return found
    return next(iter(by_language.values()), [])


def _collect(by_language: dict[str, list[str]], language: str, texts: object) -> None:
    strings = [str(text) for text in several(texts) if isinstance(text, str | int) and not isinstance(text, bool)]
    if strings:
        by_language.setdefault(language, []).extend(strings)


def _without_html(text: str) -> str:
    text = text[: 4 * LONGEST]
    if not _TAG.search(text):
        return text.strip()
    parser = _Text()
    parser.feed(text)
    parser.close()
    return " ".join("".join(parser.parts).split())


class _Text(HTMLParser):
    """Collects what a reader would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in ("script", "style")
        if tag in ("br", "p", "li", "div"):
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in ("script", "style")))

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
