"""Training of the page network, small: it learns, is written as ONNX, and goes on from there."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from search.training_pages.export import export
from search.training_pages.network import OUTPUTS, PageNetwork
from search.training_pages.restore import restore
from search.training_pages.spacing import fit
from search.training_pages.train import Plan, read_pages, train

SAMPLES = Path(__file__).parents[2] / "samples" / "commonplace"


@pytest.fixture(scope="module")
def views() -> torch.Tensor:
    return torch.rand(2, 1, 64, 96, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def network(views: torch.Tensor) -> PageNetwork:
    torch.manual_seed(1)
    network = PageNetwork()
    for _ in range(3):
        network(views)
    return network.eval()


def test_the_written_network_computes_the_same(network: PageNetwork, views: torch.Tensor, tmp_path: Path):
    export(network, tmp_path / "pages.onnx")
    read = cv2.dnn.readNetFromONNX(str(tmp_path / "pages.onnx"))
    read.setInput(views[:1].numpy())
    with torch.no_grad():
        expected = network(views[:1]).numpy()
    assert expected.shape == (1, len(OUTPUTS), 32, 48)
    assert np.abs(read.forward() - expected).max() < 0.02


def test_training_goes_on_from_what_was_written(network: PageNetwork, views: torch.Tensor, tmp_path: Path):
    export(network, tmp_path / "pages.onnx")
    restored = restore(tmp_path / "pages.onnx", views)
    with torch.no_grad():
        assert torch.allclose(restored.eval()(views), network(views), atol=0.02)
        trained = restored.train()(views) - network(views)
    assert float(trained.abs().mean()) < 0.2, "batch norms know the statistics of what reaches them"


def test_a_short_training_writes_weights(tmp_path: Path):
    pages = read_pages(SAMPLES)[:1]
    plan = Plan(minutes=0.02, batch=2, side=96)
    train(pages, plan, tmp_path / "weights.pt")
    PageNetwork().load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))


def test_the_judge_of_gaps_learns_what_tells_them_apart():
    random = np.random.default_rng(1)
    labels = random.integers(-1, 2, 900).astype(np.int8)
    features = random.normal(size=(900, 13))
    features[:, 2] += 3 * (labels == 1)
    values = {name: np.array(value) for name, value in fit(features, labels).items()}
    inner = np.tanh((features - values["mean"]) / values["spread"] @ values["hidden"] + values["bias"])
    told = (inner @ values["out"] + values["lift"] > 0) == (labels == 1)
    assert told[labels >= 0].mean() > 0.85
