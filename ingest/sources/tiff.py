"""Multi-page TIFF and BigTIFF: each page read on its own, through tifffile and imagecodecs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from infra.errors import CorruptError, NotFoundError
from infra.settings import Settings
from ingest.sources import local_file
from ingest.sources.checks import check_not_blank, named_errors
from ingest.sources.source import PageImage, PageRef, SourceInfo
from ingest.sources.tiff_listing import Directory, Listing, list_directories
from ingest.sources.tiff_page import read_directory


class TiffSource:
    """A TIFF file as a document. Nothing is held open between pages, so any thread may read at any time."""

    def __init__(self, path: str, settings: Settings) -> None:
        self._path = path
        self._settings = settings

    @cached_property
    def info(self) -> SourceInfo:
        """What is known of the document; reads the file once for its digest."""
        return SourceInfo(self._path, "tiff", Path(self._path).stem, local_file.digest(self._path))

    def pages(self) -> Sequence[PageRef]:
        """Every full-resolution page; thumbnails, pyramid levels and masks are no pages.

        Where the list of pages breaks off, as in a file cut short, one more page stands for what is lost: reading it
        raises CorruptError, so the loss is accounted for.
        """
        with named_errors(self._path):
            pages = self._pages
            refs = [PageRef(number, page.name or str(number)) for number, page in enumerate(pages, 1)]
            if self._listing.broken:
                refs.append(PageRef(len(refs) + 1, str(len(refs) + 1)))
            return refs

    def read(self, page: PageRef) -> PageImage:
        """The pixels of one page, upright. Raises InputError for this page alone."""
        with named_errors(self._path, page.number):
            directory = self._directory(page.number)
            size = local_file.check_file(self._path, self._settings)
            with Path(self._path).open("rb") as file:
                pixels = read_directory(file, size, self._listing.header, directory.offset, self._settings)
            check_not_blank(pixels)
            return PageImage(pixels.shape[1], pixels.shape[0], pixels)

    def close(self) -> None:
        """Nothing is held open."""

    @cached_property
    def _listing(self) -> Listing:
        size = local_file.check_file(self._path, self._settings)
        with Path(self._path).open("rb") as file:
            return list_directories(file, size, self._settings.max_pages)

    @cached_property
    def _pages(self) -> tuple[Directory, ...]:
        """The directories that are pages; all of them where a careless program flagged every one as a thumbnail."""
        every = self._listing.directories
        return tuple(directory for directory in every if directory.is_page) or every

    def _directory(self, number: int) -> Directory:
        if 1 <= number <= len(self._pages):
            return self._pages[number - 1]
        if number == len(self._pages) + 1 and self._listing.broken:
            raise CorruptError(
                f"This page and any after it are lost: {self._listing.broken}. Fetch or scan the file again."
            )
        raise NotFoundError(f"The file has {len(self._pages)} pages.")
