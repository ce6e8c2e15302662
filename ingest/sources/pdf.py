"""PDF: scans taken out as they are where one covers the page, everything else rendered at its native size."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import pikepdf

from infra.errors import CorruptError, EncryptedError, InputError, LimitError, NotFoundError
from infra.settings import Settings
from ingest.sources import local_file
from ingest.sources.checks import check_not_blank, check_size, named_errors, said
from ingest.sources.pdf_content import Painting, read_painting
from ingest.sources.pdf_page import Rendering, covering_scan, orientation, read_sheet, rendering
from ingest.sources.pdf_render import render
from ingest.sources.pdf_scan import check_whole, is_grey, take_scan
from ingest.sources.source import PageImage, PageRef, SourceInfo

# Sizes are held against the settings before anything is decoded.
pikepdf.PdfImage.MAX_IMAGE_PIXELS = None

_DOCINFO = {"/Title": "title", "/Author": "author", "/Subject": "subject", "/CreationDate": "created"}


class PdfSource:
    """A PDF as a document. `read` may be called from several threads; they take turns at the file, not at rendering."""

    def __init__(self, path: str, settings: Settings) -> None:
        self._path = path
        self._settings = settings
        self._lock = threading.RLock()
        self._opened: pikepdf.Pdf | None = None

    @cached_property
    def info(self) -> SourceInfo:
        """What is known of the document; reads the file once for its digest."""
        with named_errors(self._path), self._lock:
            digest = local_file.digest(self._path)
            return SourceInfo(self._path, "pdf", Path(self._path).stem, digest, metadata=_docinfo(self._pdf))

    def pages(self) -> Sequence[PageRef]:
        """Every page, by its page label where there is one.

        A page more than can be found, where the file promises more, stands for those lost; reading it raises
        CorruptError, so the loss is accounted for.
        """
        with named_errors(self._path), self._lock:
            count = len(self._pdf.pages)
            promised = _promised(self._pdf)
            if max(count, promised) > self._settings.max_pages:
                most = f"{self._settings.max_pages:,} are allowed (MANUSPECT_MAX_PAGES)"
                raise LimitError(f"It has {max(count, promised):,} pages; {most}. Split it, or raise the limit.")
            if not max(count, promised):
                raise CorruptError("It has no pages. Fetch or scan it again.")
            labels = _labels(self._pdf, count)
            return [PageRef(i + 1, labels[i]) for i in range(count)] + [
                PageRef(count + 1, str(count + 1)) for _ in range(promised > count)
            ]

    def read(self, page: PageRef) -> PageImage:
        """The pixels of one page, upright. Raises InputError for this page alone."""
        with named_errors(self._path, page.number):
            with self._lock:
                taken = self._take(page.number)
            if not isinstance(taken, PageImage):
                how, grey = taken
                pixels = render(self._path, page.number, how, grey=grey, settings=self._settings)
                taken = PageImage(pixels.shape[1], pixels.shape[0], pixels)
            check_not_blank(taken.pixels)
            return taken

    def close(self) -> None:
        """Close the file; reading opens it again."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _take(self, number: int) -> PageImage | tuple[Rendering, bool]:
        """The page's scan where it may be taken out, else how to render the page and whether in grey."""
        page = self._page(number)
        sheet = read_sheet(page)
        painting = read_painting(page, sheet.box)
        scan = covering_scan(painting, sheet)
        taken = take_scan(scan.image, orientation(scan, sheet), self._settings) if scan else None
        if taken is not None:
            return taken
        how = rendering(painting, sheet)
        check_size(*how.size, self._settings)
        self._check_pictures(painting)
        return how, _is_grey(painting)

    def _check_pictures(self, painting: Painting) -> None:
        for placement in painting.placements:
            if placement.image is not None:
                check_size(*placement.size, self._settings)
                check_whole(placement.image, self._settings)

    def _page(self, number: int) -> pikepdf.Page:
        count = len(self._pdf.pages)
        if 1 <= number <= count:
            return self._pdf.pages[number - 1]
        if number == count + 1 and _promised(self._pdf) > count:
            raise CorruptError(
                f"The file promises {_promised(self._pdf)} pages but {count} can be found: it is cut off or damaged."
                " Fetch or scan it again."
            )
        raise NotFoundError(f"The file has {count} pages.")

    @property
    def _pdf(self) -> pikepdf.Pdf:
        if self._opened is None:
            local_file.check_file(self._path, self._settings)
            self._opened = _open(self._path)
        return self._opened


def _open(path: str) -> pikepdf.Pdf:
    try:
        return pikepdf.open(path)
    except pikepdf.PasswordError as error:
        raise EncryptedError("It needs a password to be opened. Save it without one, for example with qpdf.") from error
    except pikepdf.PdfError as error:
        raise _unopened(error, path) from error


def _unopened(error: pikepdf.PdfError, path: str) -> InputError:
    why = said(error).removeprefix(f"{path}: ")
    if "encrypt" in str(error).lower() or "security handler" in str(error).lower():
        return EncryptedError(f"It is protected in a way that is not read: {why}. Save it without protection.")
    return CorruptError(f"It is damaged and cannot be opened: {why}. Fetch or scan it again.")


def _promised(pdf: pikepdf.Pdf) -> int:
    """The number of pages the file itself states."""
    try:
        return int(pdf.Root.Pages.get("/Count", 0))
    except (AttributeError, TypeError, ValueError):
        return 0


def _labels(pdf: pikepdf.Pdf, count: int) -> list[str]:
    numbers = [str(number) for number in range(1, count + 1)]
    if "/PageLabels" not in pdf.Root:
        return numbers
    try:
        return [str(page.label) or number for page, number in zip(pdf.pages, numbers, strict=True)]
    except (pikepdf.PdfError, ValueError, TypeError):  # damaged labels are no reason to lose the pages
        return numbers


def _docinfo(pdf: pikepdf.Pdf) -> dict[str, str | int | float]:
    found: dict[str, str | int | float] = {}
    for key, name in _DOCINFO.items():
        try:
            value = str(pdf.docinfo.get(key, "")).strip()
        except (pikepdf.PdfError, ValueError, TypeError, AttributeError):
            continue
        if value:
            found[name] = value[:1000]
    return found


def _is_grey(painting: Painting) -> bool:
    return not painting.colour and all(p.image is not None and is_grey(p.image) for p in painting.placements)
