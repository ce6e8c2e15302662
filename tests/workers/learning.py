"""A collection small enough to learn in seconds."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np

from search.adaptation.outcome import AdaptConfig

TEXTS = (
    "maison", "jardin", "lettre", "village", "enfant", "cheval", "fenetre", "dimanche", "soldat", "riviere",
    "montagne", "docteur", "voiture", "famille", "chapeau", "musique", "printemps", "semaine", "journal", "histoire",
    "bonjour", "nouvelle", "travail", "souvenir",
)  # fmt: skip
_ROWS, _TIMES = 6, 4


def write_letters(folder: Path) -> Path:
    """Each of `TEXTS` four times, six rows of four words a page, in one plain hand."""
    folder.mkdir()
    order = np.random.default_rng(0).permutation(len(TEXTS) * _TIMES) % len(TEXTS)
    for number, page in enumerate(np.array_split(order, _TIMES)):
        sheet = np.full((110 * _ROWS + 60, 1300), 245, np.uint8)
        for place, text in enumerate(page):
            at = (40 + 310 * (place % 4), 90 + 110 * (place // 4))
            cv2.putText(sheet, TEXTS[text], at, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.3, 30, 2, cv2.LINE_AA)
        cv2.imwrite(str(folder / f"letter{number}.png"), sheet)
    return folder


def hurry() -> None:
    """A run of a few steps on few words, whose model is taken whatever the verdict says; all else is as it is."""
    import workers.adapt as working
    from search.adaptation import adapt, proxy

    adapt.LEAST_WORDS, adapt._ROUNDS, proxy.LEAST_QUERIES = 50, 1, 5
    proxy._objection = lambda *_: ""
    working.AdaptConfig = partial(AdaptConfig, steps=12)  # type: ignore[misc,assignment]
