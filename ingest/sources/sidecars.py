"""Files that lie beside scans and are no documents: transcriptions, checksums, what operating systems leave behind."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import PurePath

from ingest.sources.detect import SUFFIXES
from ingest.sources.local_file import head

_SYSTEM = re.compile(r"^(\..*|thumbs\.db|ehthumbs\.db|desktop\.ini|__macosx|\$recycle\.bin|@eadir)$", re.IGNORECASE)
_NOTES = re.compile(
    r"^(readme|licen[cs]e|copying|copyright|changes|changelog|notice)(\.[a-z]{2,8})?(\.txt|\.md)?$", re.IGNORECASE
)
_CHECKSUMS = re.compile(
    r"^(.*\.(md5|sha1|sha256|sha512|sfv|crc)|(md5|sha1|sha256|sha512)sums?(\.txt)?"
    r"|bagit\.txt|bag-info\.txt|fetch\.txt|(tag)?manifest-[a-z0-9]+\.txt)$",
    re.IGNORECASE,
)
_BESIDE_A_SCAN = {
    ".xml",
    ".txt",
    ".json",
    ".xmp",
    ".html",
    ".htm",
    ".hocr",
    ".csv",
    ".tsv",
    ".yaml",
    ".yml",
    ".md",
    ".gt",
}
_DESCRIBING_ROOT = re.compile(rb"<(?:[\w.-]+:)?(PcGts|alto|mets|TEI|TEI\.2|xmpmeta|RDF)[\s>]")


def is_hidden(name: str) -> bool:
    """Names that operating systems give to their own files and folders; nothing of the kind is walked."""
    return _SYSTEM.match(name) is not None


def scan_names(names: Iterable[str]) -> frozenset[str]:
    """What the scans among the files of a folder are called, with suffix and without."""
    scans = [PurePath(name) for name in names if PurePath(name).suffix.lower() in SUFFIXES]
    return frozenset(scan.name for scan in scans) | frozenset(scan.stem for scan in scans)


def is_sidecar(path: str, scans: Collection[str]) -> bool:
    """Whether a file only describes scans and is left alone; `scans`: the `scan_names` of its folder.

    Left alone are checksum and BagIt files, README and LICENSE, PAGE, ALTO, METS and TEI files wherever they lie, and
    text, XML, JSON and the like beside a scan of the same name (`12r.jpg` with `12r.xml` or `12r.jpg.xml`).
    Raises NotFoundError where an XML file cannot be opened.
    """
    name = PurePath(path)
    if _NOTES.match(name.name) or _CHECKSUMS.match(name.name):
        return True
    suffix = name.suffix.lower()
    if suffix in _BESIDE_A_SCAN and _describes_one_of(name, scans):
        return True
    return suffix == ".xml" and _DESCRIBING_ROOT.search(head(path)) is not None


def _describes_one_of(name: PurePath, scans: Collection[str]) -> bool:
    """`12r.gt.txt`, `12r.txt` and `12r.tif.txt` all describe `12r.tif`."""
    while name.suffix:
        name = name.with_suffix("")
        if name.name in scans:
            return True
    return False
