"""PDF pages rendered by poppler's pdftoppm, through pdf2image."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np
import pdf2image
from pdf2image.exceptions import PDFInfoNotInstalledError, PDFPageCountError, PDFPopplerTimeoutError
from PIL import PpmImagePlugin

from infra.errors import CorruptError, EncryptedError, LimitError, ManuspectError, SettingsError
from infra.settings import Settings
from ingest.sources.checks import said
from ingest.sources.pdf_page import Rendering
from ingest.sources.pillow import open_image
from ingest.sources.pixels import Uint8, without_colour


def render(path: str, number: int, how: Rendering, *, grey: bool, settings: Settings) -> Uint8:
    """Page `number` (from 1) at the size asked for, which the caller has checked; a pixel more where only dpi is given.

    uint8 (H, W) where `grey` is asked for or the page turns out so, else (H, W, 3) RGB. Raises LimitError beyond
    `page_timeout`, CorruptError where nothing comes out, SettingsError where poppler is not installed.
    """
    attempts = _attempts(how)
    for options in attempts:
        pixels = _run(path, number, options, grey, settings)
        if abs(pixels.shape[1] - how.size[0]) <= 1 and abs(pixels.shape[0] - how.size[1]) <= 1:
            return pixels
    raise CorruptError(f"The page was rendered at a size of {pixels.shape[1]} x {pixels.shape[0]}, not {how.size}.")


def _attempts(how: Rendering) -> list[dict[str, Any]]:
    """Options of pdf2image, the likely ones first.

    By resolution a hair below the exact one, pictures come out pixel for pixel: at the exact one poppler stretches them
    to the pixel that begins where they end. By `size`, versions differ in whether they turn the page before or after.
    """
    by_size = [{"size": how.size}, {"size": how.size[::-1]}]
    by_dpi = [] if how.dpi is None else [{"dpi": how.dpi * (1 - 1e-6)}]
    return by_dpi + (by_size[::-1] if how.turned else by_size)


def _run(path: str, number: int, options: dict[str, Any], grey: bool, settings: Settings) -> Uint8:
    with tempfile.TemporaryDirectory(prefix="manuspect-render-") as folder:
        try:
            made = pdf2image.convert_from_path(
                path,
                first_page=number,
                last_page=number,
                grayscale=grey,
                use_cropbox=True,
                output_folder=folder,
                paths_only=True,
                timeout=settings.page_timeout,
                **options,
            )
        except (PDFPopplerTimeoutError, PDFPageCountError, PDFInfoNotInstalledError) as error:
            raise _named(error, settings) from error
        if not made:
            raise CorruptError("The page cannot be rendered: nothing came out. Fetch or scan the file again.")
        with open_image(made[0], (PpmImagePlugin.PpmImageFile.format,)) as image:
            return without_colour(np.array(image))


def _named(error: Exception, settings: Settings) -> ManuspectError:
    if isinstance(error, PDFPopplerTimeoutError):
        return LimitError(f"Rendering took longer than {settings.page_timeout:g} s (MANUSPECT_PAGE_TIMEOUT).")
    if isinstance(error, PDFInfoNotInstalledError):
        return SettingsError("poppler is missing. Install it: apt-get install poppler-utils")
    if "password" in str(error).lower():
        return EncryptedError("It needs a password to be opened. Save it without one, for example with qpdf.")
    return CorruptError(f"The page cannot be rendered: {said(error)}. Fetch or scan the file again.")
