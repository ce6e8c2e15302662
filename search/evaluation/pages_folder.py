"""A folder of page images, each with its PAGE or ALTO file of the same name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.errors import InputError, UsageError
from search.evaluation.page_xml import TruthPage, read_truth

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".jp2", ".webp")


@dataclass(frozen=True, slots=True)
class PageFile:
    """A page with what is truly on it."""

    image: Path
    truth: TruthPage

    @property
    def collection(self) -> str:
        """Name of the folder the image lies in."""
        return self.image.parent.name


def read_folder(folder: Path) -> tuple[list[PageFile], list[InputError]]:
    """All pages below `folder` in order of their paths, and the files that cannot be read.

    Raises UsageError where there is no page with ground truth at all.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: not a folder of page images with PAGE or ALTO files")
    pages, failures = [], []
    for image in sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES):
        truth = _truth_beside(image)
        if truth is None:
            continue
        try:
            pages.append(PageFile(image, read_truth(truth)))
        except InputError as error:
            failures.append(error)
    if not pages and not failures:
        raise UsageError(f"{folder}: no image here has a PAGE or ALTO file of the same name")
    return pages, failures


def by_collection(pages: Sequence[PageFile]) -> dict[str, list[PageFile]]:
    """Pages by collection, in order."""
    grouped: dict[str, list[PageFile]] = {}
    for page in pages:
        grouped.setdefault(page.collection, []).append(page)
    return grouped


def _truth_beside(image: Path) -> Path | None:
    inside = image.parent / "page" / f"{image.stem}.xml"
    beside = (image.with_suffix(".xml"), image.with_name(image.name + ".xml"), inside)
    return next((path for path in beside if path.is_file()), None)
