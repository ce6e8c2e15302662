"""What every kind of input becomes: a Source that lists its pages cheaply and reads them one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
"""Pixels, uint8 (H, W, 3), RGB, 0 to 255."""
Grey = NDArray[np.uint8]
"""Pixels, uint8 (H, W), 0 black to 255 white."""


@dataclass(frozen=True, slots=True)
class PageRef:
    """One page as its source lists it, before any pixel is read."""

    number: int
    """Counts from 1 within the document."""
    label: str
    """What the source calls it, for example '12r'; the number where it has no name."""
    canvas: str | None = None
    """IIIF canvas id given by the source; None for local files, which get one from the catalogue."""
    canvas_size: tuple[int, int] | None = None
    """Width, height of the canvas in pixels where the source states it; None: the image's own size."""
    image_service: str | None = None
    """Base URL of the IIIF image service of the page, None where there is none."""
    digest: str | None = None
    """Identity of the page's content where it is known without its pixels; None: the document's digest serves."""


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page's pixels as read.

    `pixels` is uint8 (H, W) grey or (H, W, 3) RGB, full resolution, upright after EXIF, TIFF or PDF rotation.
    """

    width: int
    height: int
    pixels: NDArray[np.uint8]
    encoded: bytes | None = None
    """The JPEG or JPEG 2000 stream byte for byte, where the pixels came from one and needed no turning."""
    painting: Mapping[str, Any] | None = None
    """What region URLs of this page need (JSON, see ingest.iiif.regions): known once read, stored with the page."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a document before its pages are read."""

    uri: str
    """Absolute path or URL: the document's identity within its collection."""
    kind: str
    """pdf, tiff, image or iiif."""
    label: str
    digest: str
    """SHA-256 of the file's bytes (of the manifest's canonical JSON for IIIF): unchanged means nothing to do."""
    manifest: str | None = None
    """IIIF manifest id where there is one."""
    metadata: Mapping[str, str | int | float] = field(default_factory=dict)


class Source(Protocol):
    """One document. Opening is cheap; pages are read in any order, by any process that opens the same URI again."""

    @property
    def info(self) -> SourceInfo:
        """What is known of the document; the first call may read the whole file for its digest. Raises InputError."""
        ...

    def pages(self) -> Sequence[PageRef]:
        """All pages in order. Raises InputError where the document cannot be listed at all."""
        ...

    def read(self, page: PageRef) -> PageImage:
        """The pixels of one page. Raises InputError for this page alone; the others stay readable."""
        ...

    def close(self) -> None:
        """Let go of files and connections. May be called twice."""
        ...
