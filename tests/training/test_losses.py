from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor, nn

from search.handwriting.tokenizer import VOCABULARY, encode
from search.training.losses import PREFIXES, agree, agree_among, reading_loss
from search.training.optimizer import Muon, build_optimizers, orthogonal, rate
from search.training.vector_queue import VectorQueue


def by_hand(queries: Tensor, keys: Tensor, alike: Tensor, scale: float, skip_own: bool) -> float:
    """The loss, one query and one prefix at a time."""
    total, weights = 0.0, 0.0
    for size, weight in PREFIXES:
        terms = []
        for i, query in enumerate(queries):
            others = [j for j in range(len(keys)) if not (skip_own and j == i)]
            wanted = [j for j in others if alike[i, j]]
            if not wanted:
                continue
            scores = {j: scale * torch.cosine_similarity(query[:size], keys[j, :size], dim=0) for j in others}
            rivals = [scores[j] for j in others if not alike[i, j]]
            chances = [scores[j] - torch.logsumexp(torch.stack([scores[j], *rivals]), dim=0) for j in wanted]
            terms.append(-sum(float(chance) for chance in chances) / len(wanted))
        total += weight * sum(terms) / len(terms)
        weights += weight
    return total / weights


@pytest.mark.parametrize("seed", range(3))
def test_contrastive_losses_agree_with_counting_by_hand(seed: int) -> None:
    torch.manual_seed(seed)
    queries, keys = torch.randn(5, 256), torch.randn(7, 256)
    labels, key_labels = torch.randint(0, 3, (5,)), torch.randint(0, 3, (7,))
    alike = labels[:, None] == key_labels[None]
    scale = torch.tensor(5.0)
    found = float(agree(queries, keys, alike, scale))
    assert found == pytest.approx(by_hand(queries, keys, alike, 5.0, False), abs=1e-4)
    keys, key_labels = torch.cat((queries, keys)), torch.cat((labels, key_labels))
    alike = labels[:, None] == key_labels[None]
    found = float(agree_among(queries, keys, alike, scale))
    assert found == pytest.approx(by_hand(queries, keys, alike, 5.0, True), abs=1e-4)


def test_nothing_alike_costs_nothing() -> None:
    vectors = torch.randn(3, 256, requires_grad=True)
    nothing = torch.zeros(3, 3, dtype=torch.bool)
    assert float(agree(vectors, vectors, nothing, torch.tensor(1.0)).detach()) == 0
    assert float(agree_among(vectors, vectors, torch.eye(3, dtype=torch.bool), torch.tensor(1.0)).detach()) == 0


def test_reading_loss_falls_to_zero_for_the_right_columns_and_ignores_what_cannot_fit() -> None:
    logits = torch.full((2, 6, VOCABULARY), -20.0)
    for column, id_ in enumerate([*encode("ab"), 0, 0, 0, 0]):
        logits[0, column, id_] = 20.0
    logits[1, :, 0] = 20.0
    real = torch.ones(2, 6, dtype=torch.bool)
    assert float(reading_loss(logits, real, ["ab", "far too long to fit"])) == pytest.approx(0, abs=1e-3)
    assert float(reading_loss(logits, real, ["ba", "x"])) > 5


@pytest.mark.parametrize("shape", [(8, 8), (5, 20), (20, 5)])
def test_orthogonal_is_nearly_so(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    singular = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
    assert singular.max() < 1.3
    assert singular.median() > 0.6


def test_the_optimizers_take_each_parameter_once_and_learn() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(16, 8), nn.LayerNorm(8), nn.Linear(8, 1))
    x, y = torch.randn(64, 1, 4, 4), torch.randn(64, 1)
    with ThreadPoolExecutor(2) as pool:
        optimizers = build_optimizers([model], 0.02, pool)
        held = [p for o in optimizers for group in o.param_groups for p in group["params"]]
        assert {id(p) for p in held} == {id(p) for p in model.parameters()}
        assert len(held) == len(list(model.parameters()))
        assert isinstance(optimizers[0], Muon)
        losses = []
        for _ in range(60):
            loss = (model(x) - y).square().mean()
            model.zero_grad()
            torch.autograd.backward(loss)
            for optimizer in optimizers:
                optimizer.step()
            losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_the_rate_warms_up_holds_and_falls() -> None:
    assert rate(0.0, 0.5) < 0.05
    assert rate(0.3, 0.5) == 1.0
    assert rate(0.75, 0.5) == pytest.approx(0.5)
    assert rate(1.0, 0.5) == 0.0


def test_the_queue_keeps_the_newest() -> None:
    queue = VectorQueue(3, 2, torch.device("cpu"))
    for step in range(2):
        rows, labels = torch.full((2, 2), float(step)), torch.full((2,), step)
        queue.push(rows, labels, rows, labels)
    images, labels, words, _ = queue.contents(used=True)
    assert labels.tolist() == [1, 1, 0]
    assert images.shape == words.shape == (3, 2)
    assert len(queue.contents(used=False)[0]) == 0
