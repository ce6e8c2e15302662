"""Makes the sample collection: `python -m samples.make_samples [FOLDER]`, from the repository's root.

The faces come first: samples/README.md says how.
The same texts and faces give the same pages, pixel for pixel.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from samples.generator import documents, files, fonts
from samples.generator.page import Page, Scan, Written, scan, write


def make(folder: Path) -> None:
    """Write all documents and their ground truth under `folder`."""
    letters = list(scans(documents.letters()))
    files.write_pdf(letters, folder / "wrenhaven-letters.pdf", "Letters from Wrenhaven, 1823 and 1824")
    files.write_truth(letters, folder / "groundtruth" / "letters")

    log = list(scans(documents.ships_log()))
    files.write_tiff(log, folder / "marigold-log.tif")
    files.write_truth(log, folder / "groundtruth" / "log")

    bound = list(scans(documents.commonplace()))
    files.write_truth(bound, folder / "commonplace")
    label = "Accounts, register and diary from Wrenhaven"
    files.write_manifest(bound, folder / "commonplace" / "manifest.json", label, doubled="page-12")


def scans(pages: Sequence[Page]) -> Iterator[Scan]:
    """The scans of a document; each leaf shows a little of the page that follows it."""
    front: Written | None = None
    for back in map(write, pages):
        if front:
            yield scan(front, back)
        front = back
    if front:
        yield scan(front, None)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Makes the sample collection.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    folder = parser.parse_args().folder
    if missing := fonts.missing_faces():
        sys.stderr.write(
            f"Handwriting faces not found: {', '.join(missing)}. samples/README.md says how to fetch them.\n"
        )
        return 2
    make(folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
