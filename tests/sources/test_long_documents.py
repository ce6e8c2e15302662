"""Memory does not grow with the length of a document."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

PAGES = 60
SIDE = 1500
"""Sixty pages of this size in RGB are 405 MB."""

READ_ALL = """
import resource, sys
from infra.settings import Settings
from ingest.sources import open_source

source = open_source(sys.argv[1], Settings())
pages = source.pages()
for page in pages[:5]:
    source.read(page)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for page in pages:
    assert source.read(page).pixels.shape == (1500, 1500, 3)
print(len(pages), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("kind", ["tiff", "pdf"])
def test_pages_are_read_one_at_a_time(tmp_path: Path, pdf: Any, encode: Callable[..., bytes], kind: str) -> None:
    page = np.zeros((SIDE, SIDE, 3), np.uint8)
    page[::10] = np.random.default_rng(0).integers(0, 255, (1, 3), np.uint8)
    if kind == "tiff":
        path = tmp_path / "long.tif"
        with tifffile.TiffWriter(path) as file:
            for number in range(PAGES):
                file.write(np.roll(page, number, 0), compression="zlib", metadata=None)
    else:
        for number in range(PAGES):
            scan = pdf.jpeg(encode(np.roll(page, number, 0), "JPEG"), Width=SIDE, Height=SIDE)
            pdf.page(b"q 300 0 0 300 0 0 cm /I Do Q", (0, 0, 300, 300), I=scan)
        path = pdf.save()
    run = subprocess.run(
        [sys.executable, "-c", READ_ALL, str(path)], capture_output=True, text=True, timeout=200, check=True
    )
    pages, grown = map(int, run.stdout.split())
    assert pages == PAGES
    assert grown < 60, f"{grown} MB more after {PAGES} pages than after five"
