"""A network to train on with, from the shipped ONNX file: what `export` folded is unfolded again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from search.training_pages.network import UPRIGHT_LEVEL, PageNetwork


def restore(path: Path, views: Tensor) -> PageNetwork:
    """A network that computes what the file does.

    `views` are float32 (n, 1, S, S) training views: the batch norms, which the file has folded into the convolutions,
    take their statistics from them.
    """
    weights = iter(_convolutions(path))
    network = PageNetwork()
    for conv, norm in _in_order(network):
        kernel, bias = next(weights)
        with torch.no_grad():
            conv.weight.copy_(kernel)
            if norm is not None:
                norm.bias.copy_(bias)
                norm.running_var = torch.full_like(bias, 1 - norm.eps)
            elif conv.bias is not None:
                conv.bias.copy_(bias)
    _take_statistics(network.eval(), views)
    return network.train()


def _convolutions(path: Path) -> list[tuple[Tensor, Tensor]]:
    """Kernels and biases in the order of the forward pass."""
    model = onnx.load(str(path))
    arrays = {one.name: numpy_helper.to_array(one).astype(np.float32) for one in model.graph.initializer}
    values = {name: torch.from_numpy(array) for name, array in arrays.items()}
    source = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Cast"}
    named = [node.input for node in model.graph.node if node.op_type == "Conv"]
    return [(values[source[kernel]], values[source[bias]]) for _, kernel, bias in named]


def _in_order(network: PageNetwork) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d | None]]:
    """Convolutions with their batch norms, as `export` visits them."""
    yield from _blocks(network.stem)
    for stage in network.down:
        yield from _blocks(stage)
    for level, (narrow, join) in enumerate(zip(network.narrow, network.up, strict=True)):
        yield from _blocks(narrow)
        yield from _blocks(join)
        if level == UPRIGHT_LEVEL:
            yield network.upright, None
    yield network.head, None


def _blocks(part: nn.Module) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d | None]]:
    modules = [module for module in part.modules() if isinstance(module, nn.Conv2d | nn.BatchNorm2d)]
    for i, module in enumerate(modules):
        after: Sequence[nn.Module] = modules[i + 1 : i + 2]
        if isinstance(module, nn.Conv2d):
            yield module, after[0] if after and isinstance(after[0], nn.BatchNorm2d) else None


def _take_statistics(network: PageNetwork, views: Tensor) -> None:
    """Give each batch norm the mean and variance of what reaches it, without changing what it computes."""

    def take(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        mean, variance = inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3))
        norm.bias.copy_(norm.bias + mean)
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.running_mean, norm.running_var = mean, variance

    hooks = [m.register_forward_pre_hook(take) for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    with torch.no_grad():
        network(views)
    for hook in hooks:
        hook.remove()
