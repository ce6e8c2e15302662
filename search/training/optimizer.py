"""Muon for the inner matrices, AdamW for the rest, one schedule over the time given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Any

import torch
from torch import Tensor, nn


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """The nearest half-orthogonal matrix, roughly, float (rows, columns): Newton-Schulz with the constants of Muon."""
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = (wide / (wide.norm() + 1e-7)).bfloat16()
    for _ in range(steps):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    x = x.to(matrix.dtype)
    found: Tensor = x.T if matrix.shape[0] > matrix.shape[1] else x
    return found


class Muon(torch.optim.Optimizer):
    """Momentum, made orthogonal, for matrices and convolution kernels (flattened).

    After Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024.
    """

    def __init__(
        self, params: Iterable[nn.Parameter], lr: float, pool: Executor, momentum: float = 0.95, decay: float = 0.01
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})
        self.pool = pool

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One update from the gradients in place, the matrices shared out among the pool's threads."""
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            list(self.pool.map(self._update, parameters, [group] * len(parameters)))

    @torch.no_grad()
    def _update(self, parameter: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum: Tensor = state["momentum"]
        momentum.lerp_(parameter.grad, 1 - group["momentum"])  # type: ignore[arg-type]
        direction = torch.lerp(parameter.grad, momentum, group["momentum"])  # type: ignore[arg-type]
        flat = orthogonal(direction.reshape(len(direction), -1))
        scale = 0.2 * max(flat.shape) ** 0.5
        parameter.mul_(1 - group["lr"] * group["decay"])
        parameter.add_(flat.view_as(parameter), alpha=-group["lr"] * scale)


def build_optimizers(modules: Iterable[nn.Module], lr: float, pool: Executor) -> list[torch.optim.Optimizer]:
    """Muon on hidden matrices, AdamW on embeddings, heads, norms and biases; one learning rate suits both."""
    inner: list[nn.Parameter] = []
    outer: list[nn.Parameter] = []
    for module in modules:
        for name, parameter in module.named_parameters():
            (inner if _is_hidden(name, parameter) else outer).append(parameter)
    return [Muon(inner, lr, pool), torch.optim.AdamW(outer, lr, betas=(0.9, 0.98), weight_decay=0.01)]


def _is_hidden(name: str, parameter: nn.Parameter) -> bool:
    """A matrix between hidden layers: no embedding, no head, not the first convolution."""
    outside = ("embedding", "positions", "reading_head", "pool", "projection", "phoc", "features.0.")
    return parameter.ndim >= 2 and not any(word in name for word in outside)


def rate(progress: float, decay_from: float, warm: float = 0.015) -> float:
    """Learning rate as a share of its peak at `progress` 0..1 of the time: warm up, hold, then to 0 linearly."""
    if progress < warm:
        return 0.02 + 0.98 * progress / warm
    return 1.0 if progress < decay_from else max(0.0, (1.0 - progress) / (1.0 - decay_from))
