"""A collection small enough to learn in seconds, and a model that has something to learn: its vectors are spoiled, its
reading head is not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file

from search.handwriting import load_handwriting_model

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


def write_spoiled(path: Path) -> Path:
    """The weights that come with the package, the last layer of the embedding disturbed."""
    state = load_handwriting_model()[0].state_dict()
    noise = torch.Generator().manual_seed(0)
    layer = state["visual.trunk.pool.out.weight"]
    layer += 1.5 * layer.std() * torch.randn(layer.shape, generator=noise)
    save_file({name: value.contiguous().clone() for name, value in state.items()}, path)
    return path


def hurry() -> None:
    """A run of a few steps, and a verdict on few words; all else is as it is."""
    import search.adaptation.adapt as adapting
    import search.adaptation.proxy as proxy

    adapting.LEAST_WORDS, adapting._ASIDE, adapting._ROUNDS = 50, 0.4, 1
    proxy.LEAST_QUERIES = 8
