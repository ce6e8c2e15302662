"""Word crops cut from whole pages, in colour and with loose edges, as search will cut them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import structlog
from defusedxml import ElementTree

from search.handwriting.ink import pixels, raw_ink
from search.training.store import InkWord

log = structlog.get_logger(__name__)

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels."""


def page_words(folder: Path, seed: int) -> Iterator[InkWord]:
    """Every word box with text of the pages below `folder`: images with a PAGE file of the same name beside them."""
    rng = np.random.default_rng(seed)
    for xml in sorted(folder.rglob("*.xml")):
        image = next((xml.with_suffix(s) for s in (".jpg", ".jpeg", ".png") if xml.with_suffix(s).exists()), None)
        page = cv2.imread(str(image), cv2.IMREAD_COLOR_RGB) if image else None
        if page is None:
            log.warning("page without a readable image", page=str(xml))
            continue
        for (x, y, width, height), text in word_boxes(xml):
            top, right, bottom, left = (rng.normal(0.04, 0.05, 4) * height).astype(int)
            crop = page[max(y - top, 0) : y + height + bottom, max(x - left, 0) : x + width + right]
            if min(crop.shape[:2]) >= 6:
                yield raw_ink(pixels(crop)), text


def word_boxes(xml: Path) -> Iterator[tuple[Box, str]]:
    """Bounding box and text of each Word element of a PAGE file that has both."""
    root = ElementTree.parse(xml).getroot()
    for word in root.iter() if root is not None else ():
        if not word.tag.endswith("}Word"):
            continue
        points = next((e.get("points", "") for e in word if e.tag.endswith("}Coords")), "")
        text = "".join(e.text or "" for e in word.iter() if e.tag.endswith("}Unicode")).strip()
        corners = np.array([[int(value) for value in point.split(",")] for point in points.split()])
        if text and len(corners) >= 2:
            (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
            yield (int(left), int(top), int(right - left), int(bottom - top)), text
