"""Fit the output that tells writing on its feet from writing on its head, on the trained network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ingest.segmentation.scale import resized
from ingest.sources.source import Grey
from search.training_pages.annotations import Page
from search.training_pages.network import UPRIGHT_LEVEL, PageNetwork
from search.training_pages.targets import HEIGHT

_SIDE = 512
_VIEWS = 4
"""Views of each page, each taken both ways."""
_LEAST_WRITTEN = 0.05


def fit_upright(network: PageNetwork, pages: Sequence[Page], seed: int = 1) -> float:
    """Set the weights of `network.upright` by logistic regression; the share of the views it then tells right."""
    random = np.random.default_rng(seed)
    views = [view for page in pages for view in _views(page, random)]
    known = []
    for view in views:
        for label, way in ((1, view), (0, np.ascontiguousarray(view[::-1, ::-1]))):
            letters = _letters(network, way)
            if letters is not None:
                known.append((letters, label))
    features, labels = np.array([letters for letters, _ in known]), np.array([label for _, label in known])
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-4
    model = LogisticRegression(C=1.0, max_iter=3000).fit((features - mean) / spread, labels)
    weights = model.coef_[0] / spread
    bias = model.intercept_ - weights @ mean
    network.upright.load_state_dict(
        {"weight": torch.from_numpy(weights)[None, :, None, None], "bias": torch.from_numpy(bias)}
    )
    return float(model.score((features - mean) / spread, labels))


def _views(page: Page, random: np.random.Generator) -> list[Grey]:
    """Upright parts of a page, sides multiples of 32."""
    views = []
    for _ in range(_VIEWS):
        copy = resized(page.grey, HEIGHT / page.height * float(np.exp(random.normal(0, 0.2))))
        top, left = (int(random.integers(0, max(1, side - _SIDE))) for side in copy.shape)
        view = copy[top : top + _SIDE, left : left + _SIDE]
        views.append(view[: view.shape[0] // 32 * 32, : view.shape[1] // 32 * 32])
    return [view for view in views if view.size]


def _letters(network: PageNetwork, view: Grey) -> NDArray[np.float32] | None:
    """Mean of what the network sees in letter bodies, float32 (channels,); None where there is little writing."""
    seen: list[torch.Tensor] = []
    hook = network.up[UPRIGHT_LEVEL].register_forward_hook(lambda _, __, output: seen.append(output))
    with torch.no_grad():
        band = torch.sigmoid(network.eval()(torch.from_numpy(view.astype(np.float32) / 255)[None, None])[:, :1])
    hook.remove()
    weight = torch.nn.functional.interpolate(band, size=seen[0].shape[2:], mode="area")
    if float(weight.mean()) < _LEAST_WRITTEN:
        return None
    return np.asarray(((seen[0] * weight).sum((0, 2, 3)) / weight.sum()).numpy(), np.float32)
