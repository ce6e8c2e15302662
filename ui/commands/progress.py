"""How far single documents and pages are: what `manuspect status` shows below collections."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ingest.catalogue.parts import in_parts
from ui.commands.opening import known_document
from ui.commands.showing import print_json

if TYPE_CHECKING:
    from ingest.catalogue.records import DocumentRecord, PageRecord
    from workers.context import Context

_STEP = 500
_WIDTH = 48
"""Characters of a path or URL."""
_FILE_WIDTH = 240
_STATES = ("waiting", "running", "indexed", "empty", "failed")


def show_documents(context: Context, collection: str | None, as_json: bool) -> None:
    """One line a document, of the collection of that id or of all, in the order they were added."""
    rows = []
    for documents in in_parts(partial(context.catalogue.documents, collection, limit=_STEP)):
        keys = [document.id for document in documents]
        states, sizes = context.catalogue.states(keys), context.catalogue.sizes(keys)
        rows += [_document(one, states.get(one.id, {}), sizes.get(one.id, (0, 0))[1]) for one in documents]
    if as_json:
        for row in rows:
            print_json(row)
    else:
        cells = [[_end_of(row["input"]), row["words"], *row["states"].values(), _why(row)] for row in rows]
        _print_table(["document", "words", *_STATES, ""], cells)


def show_pages(context: Context, document: str, collection: str | None, as_json: bool) -> None:
    """One line a page of the document so called. Raises UsageError where there is none, or several."""
    key = known_document(context, document, collection)
    rows = [_page(page) for pages in in_parts(partial(context.catalogue.pages, key, limit=_STEP)) for page in pages]
    if as_json:
        for row in rows:
            print_json(row)
    else:
        cells = [[row[name] for name in ("page", "state", "words", "attempts", "worker")] + [_why(row)] for row in rows]
        _print_table(["page", "state", "words", "attempts", "last worker", ""], cells)


def _document(one: DocumentRecord, states: dict[str, int], words: int) -> dict[str, Any]:
    counts = {state: states.get(state, 0) for state in _STATES}
    failed = {"error": one.error, "reason": one.reason}
    return {"document": one.id, "input": one.uri, "label": one.label, "words": words, "states": counts, **failed}


def _page(page: PageRecord) -> dict[str, Any]:
    return {
        "page": page.number,
        "state": str(page.state),
        "words": page.words,
        "attempts": page.attempts,
        "worker": page.worker,
        "error": page.error,
        "reason": page.reason,
    }


def _end_of(uri: str) -> str:
    """What tells one document from its neighbours."""
    return uri if len(uri) <= _WIDTH else f"…{uri[1 - _WIDTH :]}"


def _why(row: dict[str, Any]) -> str:
    return f"{row['error']}: {row['reason']}" if row["error"] else ""


def _print_table(names: Sequence[str], rows: list[list[Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name, justify="right" if name in ("words", "attempts", *_STATES) else "left")
    for row in rows:
        table.add_row(*("" if cell is None else f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    console.print(table)
