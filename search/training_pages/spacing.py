"""Fit the judge of gaps to pages with ground truth: `python -m search.training_pages.spacing PAGES JSON`."""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ingest.segmentation.network import STEP
from ingest.segmentation.scale import first_look
from ingest.segmentation.segmenter import PageReading, read_maps
from ingest.segmentation.spacing import FEATURES, Features, describe_cuts
from search.evaluation.page_xml import TruthLine, TruthPage, read_truth
from search.training_pages.annotations import left_to_right, trusted_words

_HIDDEN = 12
_NEAR = 0.35
"""A cut within so many letter heights of the space between two words is that space."""

Labels = NDArray[np.int8]
"""int8 (n,): 1 parts two words, 0 lies within a word, -1 nobody knows."""


def page_examples(image: Path) -> tuple[Features, Labels]:
    """The gaps of one page."""
    grey = np.asarray(cv2.imread(str(image), cv2.IMREAD_GRAYSCALE), np.uint8)
    reading = read_maps(grey, first_look(grey).scale)
    if reading is None:
        return np.zeros((0, FEATURES)), np.zeros(0, np.int8)
    features = describe_cuts(reading.courses, reading.cuts, reading.ink)
    return features, _label(reading, grey.shape, read_truth(image.with_suffix(".xml")))


def _label(reading: PageReading, shape: tuple[int, ...], truth: TruthPage) -> Labels:
    scale = np.array([shape[1] / reading.ink.shape[1], shape[0] / reading.ink.shape[0]]) * STEP
    lines = [line for line in truth.lines if len(line.baseline) > 1 and trusted_words(line)]
    labels = []
    for course, cuts in zip(reading.courses, reading.cuts, strict=True):
        height = course.height * float(scale[1])
        for cut in cuts:
            middle = (cut.start + cut.end) / 2
            x, y = np.array([middle, course.row(middle)]) * scale
            known = [_known(x, line, height) for line in lines if _lies_on(line, x, y, height)]
            labels.append(max(known, default=-1))
    return np.array(labels, np.int8)


def _lies_on(line: TruthLine, x: float, y: float, height: float) -> bool:
    """The middle of the letters is a little above the baseline."""
    baseline = left_to_right(line)
    return -0.3 * height < float(np.interp(x, baseline[:, 0], baseline[:, 1])) - y < 1.3 * height


def _known(x: float, line: TruthLine, height: float) -> int:
    words = trusted_words(line)
    for left, right in pairwise(words):
        if left.place is not None and right.place == left.place + 1:
            low, high = sorted((left.region.x2, right.region.x))
            if low - _NEAR * height <= x <= high + _NEAR * height:
                return 1
    margins = [(word.region, min(0.25 * height, 0.2 * word.region.w)) for word in words]
    return 0 if any(region.x + margin < x < region.x2 - margin for region, margin in margins) else -1


def fit(features: Features, labels: Labels, seed: int = 1) -> dict[str, object]:
    """Weights of the perceptron, by cross entropy with weight decay."""
    torch.manual_seed(seed)
    known = labels >= 0
    mean, spread = features[known].mean(axis=0), features[known].std(axis=0) + 1e-6
    inputs = torch.from_numpy((features[known] - mean) / spread).float()
    wanted = torch.from_numpy(labels[known]).float()
    hidden, out = nn.Linear(FEATURES, _HIDDEN), nn.Linear(_HIDDEN, 1)
    optimiser = torch.optim.AdamW([*hidden.parameters(), *out.parameters()], lr=0.02, weight_decay=0.02)
    for step in range(1500):
        optimiser.param_groups[0]["lr"] = 0.02 * (1 - step / 1500)
        chosen = torch.randint(len(inputs), (min(len(inputs), 2048),))
        found = out(torch.tanh(hidden(inputs[chosen])))[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(found, wanted[chosen])
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()

    def numbers(values: torch.Tensor) -> object:
        return np.round(values.detach().numpy().astype(float), 4).tolist()

    return {
        "mean": mean.round(4).tolist(),
        "spread": spread.round(4).tolist(),
        "hidden": numbers(hidden.weight.T),
        "bias": numbers(hidden.bias),
        "out": numbers(out.weight[0]),
        "lift": numbers(out.bias[0]),
    }


def main() -> None:
    """Read the arguments and fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path, help="folder of page images, each with its PAGE XML of the same name")
    parser.add_argument("weights", type=Path, help="file to write the weights to (JSON)")
    arguments = parser.parse_args()
    images = sorted(image for image in arguments.pages.rglob("*.jpg") if image.with_suffix(".xml").exists())
    examples = [page_examples(image) for image in images]
    features = np.concatenate([one for one, _ in examples])
    labels = np.concatenate([one for _, one in examples])
    arguments.weights.write_text(json.dumps(fit(features, labels)) + "\n")
    print(f"{int((labels >= 0).sum())} gaps of {len(images)} pages")


if __name__ == "__main__":
    main()
