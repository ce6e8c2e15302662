"""From what a person names, folders and collections too, to single documents in a steady order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from infra.errors import InputError, NotFoundError, UnsupportedError
from infra.settings import Settings
from ingest.sources.checks import named_errors
from ingest.sources.detect import Kind, detect
from ingest.sources.local_file import check_file, head, is_url, local_path
from ingest.sources.painted import Painted, looks_like_iiif
from ingest.sources.sidecars import is_hidden, is_sidecar, scan_names

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class ExpandedInput:
    """One document to be, or one input that will never be one."""

    uri: str
    """Absolute path or URL: what `open_source` takes, and the document's identity within its collection."""
    error: InputError | None = None
    """Why it cannot be used; None where it may be opened."""


def expand_inputs(inputs: Sequence[str], settings: Settings) -> Iterator[ExpandedInput]:
    """Every document behind the given paths and URLs, each once, in the order given.

    Folders are walked in natural order (`2.jpg` before `10.jpg`), linked folders last and none twice; IIIF collections
    become their manifests. Left alone are hidden files, sidecars (see `is_sidecar`), and image files that a manifest
    beside or above them shows, for they come with it; also where all are named, as by `scans/*`. Whatever else cannot
    be read comes out with its error. Raises nothing.
    """
    named, painted = _named_files(inputs), Painted(settings)
    for folder, files in named.items():
        painted.add(Path(folder, name) for name in files)
    seen: set[str] = set()
    for given in inputs:
        empty = True
        for item in _expand(given, named, painted, settings):
            empty = False
            if item.uri not in seen:
                seen.add(item.uri)
                yield item
        if empty and not is_url(given) and Path(path := local_path(given)).is_dir() and path not in painted:
            yield ExpandedInput(path, NotFoundError("The folder holds no file that is read.", input=path))


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key by which numbers inside names count as numbers."""
    parts = _DIGITS.split(name)
    return (
        *((1, int(part), "") if index % 2 else (0, 0, part.casefold()) for index, part in enumerate(parts)),
        (0, 0, name),
    )


def _named_files(inputs: Sequence[str]) -> dict[str, list[str]]:
    """Names of the local inputs by folder, that sidecars named beside their scans be known as such."""
    folders: dict[str, list[str]] = {}
    for given in inputs:
        if not is_url(given):
            path = PurePath(local_path(given))
            folders.setdefault(str(path.parent), []).append(path.name)
    return folders


def _expand(given: str, named: dict[str, list[str]], painted: Painted, settings: Settings) -> Iterator[ExpandedInput]:
    if is_url(given):
        yield from _expand_iiif(given, settings)
        return
    path = local_path(given)
    if Path(path).is_dir():
        yield from _walk(path, painted, settings)
    elif path not in painted:
        beside = scan_names(named[str(PurePath(path).parent)])
        yield from _file(path, beside or None, settings)


def _walk(root: str, painted: Painted, settings: Settings) -> Iterator[ExpandedInput]:
    """Everything under a folder; a stack and not recursion, for a path may be deeper than Python likes."""
    visited: set[tuple[int, int]] = set()
    stack: list[tuple[str, frozenset[str]]] = [(root, frozenset())]
    while stack:
        path, scans = stack.pop()
        try:
            if not Path(path).is_dir():
                if path not in painted:
                    yield from _file(path, scans, settings)
                continue
            status = Path(path).stat()
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            entries = [entry for entry in Path(path).iterdir() if not is_hidden(entry.name)]
        except OSError as error:
            reason = f"The folder cannot be opened: {error.strerror}."
            yield ExpandedInput(_printable(path), NotFoundError(reason, input=_printable(path)))
            continue
        entries.sort(key=lambda entry: (entry.is_symlink() and entry.is_dir(), natural_key(entry.name)))
        painted.add(entries)
        inside = scan_names(entry.name for entry in entries)
        stack.extend((str(entry), inside) for entry in reversed(entries))


def _file(path: str, scans: frozenset[str] | None, settings: Settings) -> Iterator[ExpandedInput]:
    """One file: a document, the documents of a collection, an error, or nothing for a sidecar.

    `scans`: the `scan_names` beside it; None for a file named alone, which is never left alone.
    """
    try:
        with named_errors(_printable(path)):
            if path != _printable(path):
                raise UnsupportedError("The name is not valid UTF-8. Rename the file.")
            check_file(path, settings)
            if scans is not None and is_sidecar(path, scans):
                return
            kind = detect(head(path), path)
            if kind is Kind.JSON and not looks_like_iiif(path):
                raise UnsupportedError("It is a JSON file but neither a IIIF manifest nor a collection.")
    except InputError as error:
        yield ExpandedInput(_printable(path), error)
        return
    if kind is Kind.JSON:
        yield from _expand_iiif(path, settings)
    else:
        yield ExpandedInput(path)


def _expand_iiif(uri: str, settings: Settings) -> Iterator[ExpandedInput]:
    from ingest.iiif import expand_collection

    try:
        with named_errors(uri):
            for found in expand_collection(uri, settings):
                yield ExpandedInput(found) if isinstance(found, str) else ExpandedInput(found.input or uri, found)
    except InputError as error:
        yield ExpandedInput(error.input or uri, error)


def _printable(path: str) -> str:
    """The path as text that any database and terminal takes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
