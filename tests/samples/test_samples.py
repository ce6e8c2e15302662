"""The shipped sample collection: it opens, and its ground truth lies on the ink."""

import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from numpy.typing import NDArray
from PIL import Image

from infra.settings import load_settings
from ingest.sources import open_source
from samples.generator import documents
from samples.generator.page import Page
from search.evaluation.page_xml import read_truth

SAMPLES = Path(__file__).parents[2] / "samples"
FOLDERS = {
    "letters": SAMPLES / "groundtruth/letters",
    "log": SAMPLES / "groundtruth/log",
    "page": SAMPLES / "commonplace",
}
DOCUMENTS = {
    SAMPLES / "wrenhaven-letters.pdf": documents.letters(),
    SAMPLES / "marigold-log.tif": documents.ships_log(),
    SAMPLES / "commonplace/manifest.json": documents.commonplace(),
}
PAGES = [page for pages in DOCUMENTS.values() for page in pages]
PAGE = {"p": "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"}


def truth_file(page: Page) -> Path:
    return FOLDERS[page.name.partition("-")[0]] / f"{page.name}.xml"


def words(page: Page) -> list[tuple[str, NDArray[np.int_]]]:
    """Text and corners of each word, page numbers left out."""
    regions = ET.parse(truth_file(page)).iterfind(".//p:TextRegion", PAGE)
    written = [region for region in regions if region.get("type") != "page-number"]
    return [
        (word.findtext("p:TextEquiv/p:Unicode", None, PAGE), points(word.find("p:Coords", PAGE)))
        for region in written
        for word in region.iterfind(".//p:Word", PAGE)
    ]


def points(element: ET.Element) -> NDArray[np.int_]:
    return np.array([pair.split(",") for pair in element.get("points").split()], dtype=int)


def dark(page: Page) -> NDArray[np.bool_]:
    """Pixels clearly darker than the paper around them."""
    with Image.open(truth_file(page).with_suffix(".jpg")) as image:
        grey = np.asarray(image.convert("L"))
    small = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    paper = cv2.resize(cv2.medianBlur(small, 31), grey.shape[::-1])
    return grey.astype(int) < paper.astype(int) - 40


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_each_document_opens_as_any_input_does_and_shows_the_pages_of_the_ground_truth(path: Path, tmp_path: Path):
    source = open_source(str(path), load_settings(home=tmp_path))
    try:
        listed = source.pages()
        assert len(listed) == len(DOCUMENTS[path])
        for number in {0, 1, len(listed) - 1}:
            read = source.read(listed[number])
            page = DOCUMENTS[path][number]
            assert (read.width, read.height) == page.camera.image
            with Image.open(truth_file(page).with_suffix(".jpg")) as image:
                shown = np.asarray(image.convert("L"), dtype=int)
            assert np.abs(shown - np.asarray(Image.fromarray(read.pixels).convert("L"))).mean() < 2
    finally:
        source.close()


def test_one_canvas_is_twice_the_size_of_its_image(tmp_path: Path):
    source = open_source(str(SAMPLES / "commonplace/manifest.json"), load_settings(home=tmp_path))
    sizes = [page.canvas_size for page in source.pages()]
    source.close()
    assert sizes[:11] == [(1560, 2100)] * 11
    assert sizes[11] == (3120, 4200)


def test_the_pdf_embeds_the_very_files_of_the_ground_truth():
    with pikepdf.open(SAMPLES / "wrenhaven-letters.pdf") as pdf:
        embedded = [page.Resources.XObject.Scan.read_raw_bytes() for page in pdf.pages]
    assert embedded == [path.read_bytes() for path in sorted(FOLDERS["letters"].glob("*.jpg"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_ground_truth_has_every_word_of_the_text_once(page: Page):
    text = [
        word
        for side in page.text.sides
        for block in side
        for cell in block.cells
        for item in cell
        for word in item.words
    ]
    assert sorted(text) == sorted(word for word, _ in words(page))


@pytest.mark.parametrize("page", [page for page in PAGES if page.text.word_count], ids=lambda page: page.name)
def test_the_ink_lies_in_the_word_boxes_and_fills_them(page: Page):
    ink = dark(page)
    inside = np.zeros_like(ink)
    for text, corners in words(page):
        left, top = corners.min(axis=0)
        right, bottom = corners.max(axis=0)
        inside[top:bottom, left:right] = True
        rows, columns = np.nonzero(ink[top:bottom, left:right])
        assert rows.size, text
        assert np.ptp(columns) + 1 >= 0.75 * (right - left) - 4, text
        assert np.ptp(rows) + 1 >= 0.6 * (bottom - top) - 4, text
    rows, columns = np.nonzero(inside)
    written = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
    assert ink[written][inside[written]].sum() >= 0.93 * ink[written].sum()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_evaluation_reads_the_ground_truth(page: Page):
    truth = read_truth(truth_file(page))
    assert (truth.width, truth.height) == page.camera.image
    assert sum(len(line.words) for line in truth.lines) >= page.text.word_count


def test_the_blank_page_is_paper_and_nothing_else():
    (blank,) = (page for page in PAGES if not page.text.word_count)
    assert not words(blank)
    with Image.open(truth_file(blank).with_suffix(".jpg")) as image:
        assert np.asarray(image).std() > 5


def test_the_languages_are_said():
    assert {page.language for page in PAGES} == {"English", "German", "French", "Spanish", "Latin"}
    for page in PAGES:
        regions = ET.parse(truth_file(page)).iterfind(".//p:TextRegion", PAGE)
        assert {region.get("primaryLanguage") for region in regions} <= {page.language}


def test_the_collection_is_small():
    parts = [*DOCUMENTS, *SAMPLES.glob("groundtruth/*/*"), *SAMPLES.glob("commonplace/*")]
    assert sum(path.stat().st_size for path in parts) < 15_000_000
