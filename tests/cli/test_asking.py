"""What the query engine sees of a page when a region of it is the example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from infra.settings import Settings
from ui.asking import region_reader
from workers.context import Context

SAMPLE = Path(__file__).parents[2] / "samples" / "commonplace" / "page-03.jpg"


@pytest.mark.parametrize("turns", [1, 2])
def test_regions_of_a_page_that_lies_or_stands_on_its_head_are_set_upright(
    manuspect: Any, tmp_path: Path, turns: int
) -> None:
    upright = np.asarray(Image.open(SAMPLE).convert("L"))
    Image.fromarray(np.rot90(upright, turns)).save(tmp_path / "turned.png")
    assert manuspect("ingest", tmp_path / "turned.png").code == 0
    with Context(Settings(home=tmp_path / "home")) as context:
        [document] = context.catalogue.documents()
        [page] = context.catalogue.pages(document.id)
        word = max(context.catalogue.page_words(page.id), key=lambda word: max(word.region.w, word.region.h))
        seen = region_reader(context)(page.id, word.region)
    assert seen.shape[1] > 2 * seen.shape[0]
    box = word.region
    there = np.rot90(upright, turns)[box.y : box.y2, box.x : box.x2]
    assert np.abs(seen[:, :, 0].astype(int) - np.rot90(there, -turns)).mean() < 8
