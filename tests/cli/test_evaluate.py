"""`manuspect evaluate pages`, with the shipped model, on a page of the sample."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search.embedding.device import choose_placement
from search.embedding.handwriting import HandwritingEmbedder

SAMPLES = Path(__file__).parents[2] / "samples" / "commonplace"
Manuspect = Callable[..., Any]


@pytest.fixture
def one_page(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    image = next(path for path in sorted(SAMPLES.glob("*.jpg")) if path.with_suffix(".xml").exists())
    for path in (image, image.with_suffix(".xml")):
        shutil.copy(path, folder)
    return folder


@pytest.fixture(autouse=True)
def shipped(manuspect: Manuspect, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = HandwritingEmbedder(None, choose_placement())
    monkeypatch.setattr("search.embedding.load_embedder", lambda settings: embedder)


def test_words_of_a_page_are_found_by_asking_for_them(manuspect: Manuspect, one_page: Path) -> None:
    outcome = manuspect("evaluate", "pages", one_page, "--json")
    assert outcome.code == 0, outcome.err
    (found,) = outcome.objects
    assert found["line_map"] > 0.8
    assert found["word_recall_25"] > 0.8
    assert found["pages"] == 1
    low, high = found["line_map_interval"]
    assert low <= found["line_map"] <= high


def test_their_hand_is_learned_first_where_there_are_words_enough(manuspect: Manuspect, one_page: Path) -> None:
    outcome = manuspect("evaluate", "pages", one_page, "--adapt", 1)
    assert outcome.code == 0, outcome.err
    assert "words are too few: 400 are needed" in outcome.err
    assert "line_map" in outcome.out


def test_a_page_that_cannot_be_read_is_named_and_costs_what_is_on_it(manuspect: Manuspect, one_page: Path) -> None:
    image = next(one_page.glob("*.jpg"))
    image.write_bytes(image.read_bytes()[:2000])
    outcome = manuspect("evaluate", "pages", one_page)
    assert outcome.code == 3
    assert image.name in outcome.err


def test_boxes_alone_are_compared_and_drawn_by_collection(manuspect: Manuspect, one_page: Path, tmp_path: Path) -> None:
    outcome = manuspect("evaluate", "pages", one_page, "--boxes", "--json", "--draw", tmp_path / "drawn")
    assert outcome.code == 0, outcome.err
    (found,) = outcome.objects
    both, one = found["default"]["pages"], found["one reading"]["pages"]
    assert one["word_recall_50"] > 0.7
    assert both["word_recall_50"] >= one["word_recall_50"]
    assert (one["pages"], one["line_recall"] > 0.5) == (1, True)
    assert [path.name for path in (tmp_path / "drawn").iterdir()] == [f"pages-{next(one_page.glob('*.jpg')).stem}.png"]
    shown = manuspect("evaluate", "pages", one_page, "--boxes")
    assert "| one reading | pages |" in shown.out


def test_boxes_of_a_page_that_cannot_be_read(manuspect: Manuspect, one_page: Path) -> None:
    image = next(one_page.glob("*.jpg"))
    image.write_bytes(b"no picture")
    outcome = manuspect("evaluate", "pages", one_page, "--boxes")
    assert outcome.code == 3
    assert image.name in outcome.err


def test_nothing_is_drawn_without_boxes(manuspect: Manuspect, one_page: Path, tmp_path: Path) -> None:
    assert manuspect("evaluate", "pages", one_page, "--draw", tmp_path).code == 2
