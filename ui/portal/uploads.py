"""Uploaded files, kept under names of our own making: a file's own name is only a label."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath

from infra.errors import StorageError

_UNSAFE = re.compile(r"[^\w .()\[\]-]+")


def keep_upload(home: Path, name: str, content: bytes) -> Path:
    """Write an upload to `home`; the same content under the same name is kept once. Raises StorageError.

    The folder is named by the content, so nothing in `name` decides where the file lies; the last part of the name is
    kept, without characters that are special anywhere, for people to know the document by.
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    stem, dot, ending = last.rpartition(".")
    stem = _UNSAFE.sub("_", stem if dot else last).strip(" .")[:120] or "upload"
    ending = re.sub(r"[^A-Za-z0-9]", "", ending if dot else "")[:8]
    folder = _folder(home) / hashlib.sha256(content).hexdigest()[:32]
    path = folder / (f"{stem}.{ending}" if ending else stem)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(content)
            part.replace(path)
    except OSError as error:
        raise StorageError(f"The upload cannot be kept: {error.strerror}.") from error
    return path


def is_upload(home: Path, uri: str) -> bool:
    """Whether that path was made by `keep_upload`."""
    return Path(uri).is_relative_to(_folder(home))


def _folder(home: Path) -> Path:
    return home.absolute() / "uploads"
