"""The program that makes the samples: text, camera, and the same page every time."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from samples.generator import documents, fonts
from samples.generator.camera import Camera
from samples.generator.page import scan, write
from samples.generator.text import read_pages
from samples.make_samples import scans

SAMPLES = Path(__file__).parents[2] / "samples"
needs_faces = pytest.mark.skipif(bool(fonts.missing_faces()), reason="the handwriting faces are not installed")


def test_marks_in_the_text_become_blocks_and_items(tmp_path: Path):
    path = tmp_path / "text.txt"
    path.write_text("# A head\n> right\n\nA ~~bad~~ good {^and late^} word\n| 1 | two |\n||\n<< note\n===\n= middle\n")
    spread, single = read_pages(path)
    left, right = spread.sides
    assert [block.kind for block in left] == ["heading", "right", "paragraph", "row"]
    assert [item.words for item in left[2].cells[0]] == [("A",), ("bad",), ("good",), ("and", "late"), ("word",)]
    assert [item.struck for item in left[2].cells[0]] == [False, True, False, False, False]
    assert [item.inserted for item in left[2].cells[0]] == [False, False, False, True, False]
    assert len(left[3].cells) == 2
    assert [block.kind for block in right] == ["margin"]
    assert [block.kind for block in single.sides[0]] == ["centre"]
    assert (spread.word_count, single.word_count) == (12, 1)


@settings(deadline=None, max_examples=40)
@given(
    x=st.integers(20, 379),
    y=st.integers(20, 279),
    degrees=st.floats(-3, 3),
    spine=st.sampled_from([None, 0.0, 0.5, 1.0]),
    curl=st.floats(0, 15),
)
def test_a_point_goes_where_its_ink_goes(x: int, y: int, degrees: float, spine: float | None, curl: float):
    camera = Camera((400, 300), (480, 380), degrees, spine, curl)
    sheet = np.full((300, 400, 3), 250, np.float32)
    cv2.circle(sheet, (x, y), 4, (0, 0, 0), -1)
    seen = camera.photograph(sheet, 250)[..., 0]
    plain = camera.photograph(np.full_like(sheet, 250), 250)[..., 0]
    rows, columns = np.nonzero(seen < plain * 0.5)
    expected = camera.forward(np.asarray([[x, y]], np.float32))[0]
    assert np.abs([columns.mean() - expected[0], rows.mean() - expected[1]]).max() < 1.5


@needs_faces
def test_the_same_page_is_made_every_time_and_is_the_one_that_is_shipped():
    pages = documents.letters()[-1:]
    first, second = next(scans(pages)), scan(write(pages[0]), None)
    assert np.array_equal(first.pixels, second.pixels)
    with Image.open(SAMPLES / "groundtruth/letters/letters-09.jpg") as shipped:
        assert np.abs(np.asarray(shipped, dtype=int) - first.pixels).mean() < 3


@needs_faces
def test_a_word_is_never_written_twice_alike():
    (line, *_) = (line for line in write(documents.letters()[0]).lines if len(line.words) > 4)
    shapes = {word.ink.ink.tobytes() for word in line.words}
    assert len(shapes) == len(line.words)
