"""What every page must pass: size limits before decoding, a second look after it, and errors with a name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from infra.errors import BlankImageError, CorruptError, InputError, LimitError, ManuspectError, UnsupportedError
from infra.settings import Settings


def check_size(width: int, height: int, settings: Settings) -> None:
    """Refuse a page by its header, before a pixel is decoded: LimitError, or CorruptError where it has no area."""
    if width < 1 or height < 1:
        raise CorruptError(f"The page is {width} x {height} pixels: it has no area.")
    if max(width, height) > settings.max_side:
        raise LimitError(
            f"The page is {width} x {height} pixels; the longest side allowed is {settings.max_side}"
            " (MANUSPECT_MAX_SIDE). Make it smaller, or raise the limit."
        )
    if width * height > settings.max_pixels:
        raise LimitError(
            f"The page has {width * height:,} pixels ({width} x {height}); {settings.max_pixels:,} are allowed"
            " (MANUSPECT_MAX_PIXELS). Make it smaller, or raise the limit."
        )


def check_not_blank(pixels: NDArray[np.uint8]) -> None:
    """BlankImageError where every pixel of uint8 (H, W) or (H, W, 3) has the same colour.

    Decoders have given all-black pages without an error, so a constant page is never taken at its word; a real scan of
    an empty leaf has grain. An empty page out of a program, or a two-tone scan of an empty leaf, ends here as well: it
    holds no writing either way, and the person is told.
    """
    first = pixels[0, 0]
    if (pixels[:: max(1, len(pixels) // 16)] == first).all() and (pixels == first).all():
        colour = ", ".join(str(int(value)) for value in np.atleast_1d(first))
        raise BlankImageError(
            f"Every pixel has the same colour ({colour}): the page is empty, or it could not be decoded properly."
            " Open it in a viewer; if you see writing there, convert the file and add it again."
        )


@contextmanager
def named_errors(uri: str, page: int | None = None) -> Iterator[None]:
    """Give every error inside a name and a place.

    Decoders fed with hostile bytes raise anything from struct.error to ZeroDivisionError, so everything that is not
    ours is taken as damage; what they say stays in the message and the original in `__cause__`.
    """
    try:
        yield
    except InputError as error:
        raise error.at(input=uri, page=page) from error.__cause__
    except (ManuspectError, NameError, ImportError, AssertionError):
        raise  # ours; the last three are mistakes in the program, not damage in a file
    except MemoryError as error:
        reason = "There is not enough memory to decode the page. Make it smaller, or lower MANUSPECT_PROCESSES."
        raise LimitError(reason, input=uri, page=page) from error
    except NotImplementedError as error:
        reason = f"It uses a feature that is not read: {said(error)}. Convert it to an uncompressed TIFF or a PNG."
        raise UnsupportedError(reason, input=uri, page=page) from error
    except Exception as error:
        reason = f"It is damaged and cannot be decoded: {said(error)}. Fetch or scan it again."
        raise CorruptError(reason, input=uri, page=page) from error


def said(error: BaseException) -> str:
    """What a library said, as one short line."""
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."
