"""The trained network as an ONNX file that OpenCV runs: batch norms folded into the convolutions, half precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from search.training_pages.network import OUTPUTS, UPRIGHT_LEVEL, PageNetwork


class _Graph:
    """Nodes and weights so far; every method returns the name of what it adds."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def constant(self, values: NDArray[np.float32]) -> str:
        """Weights, kept in half precision."""
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values.astype(np.float16), name))
        return self.add("Cast", name, to=TensorProto.FLOAT)

    def add(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        output = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def conv(self, conv: nn.Conv2d, x: str, output: str | None = None) -> str:
        if conv.bias is None:
            raise ValueError("fold the batch norm first")
        return self.add(
            "Conv",
            x,
            self.constant(conv.weight.detach().numpy().astype(np.float32)),
            self.constant(conv.bias.detach().numpy().astype(np.float32)),
            output=output,
            kernel_shape=list(conv.kernel_size),
            strides=list(conv.stride),
            pads=[int(side) for side in conv.padding] * 2,
            dilations=list(conv.dilation),
        )

    def block(self, block: nn.Module, x: str) -> str:
        """Convolution, batch norm and ReLU, or a run of them."""
        children = list(block.children())
        if isinstance(children[0], nn.Conv2d) and isinstance(children[1], nn.BatchNorm2d):
            return self.add("Relu", self.conv(fuse_conv_bn_eval(children[0], children[1]), x))
        for child in children:
            x = self.block(child, x)
        return x

    def doubled(self, x: str) -> str:
        """Nearest neighbour, twice the size."""
        scales = f"scales{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), scales))
        return self.add(
            "Resize", x, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
        )


def export(network: PageNetwork, path: Path) -> None:
    """Write the network; input `page` float32 (1, 1, H, W), output `maps` float32 (1, 5, H / 2, W / 2)."""
    network.eval()
    graph = _Graph()
    shifted = graph.add("Add", "page", graph.constant(np.array([-0.5], np.float32)))
    maps = [graph.block(network.stem, graph.add("Mul", shifted, graph.constant(np.array([4], np.float32))))]
    for stage in network.down:
        maps.append(graph.block(stage, maps[-1]))
    found = maps.pop()
    for level, (narrow, join) in enumerate(zip(network.narrow, network.up, strict=True)):
        if not isinstance(narrow, nn.Conv2d):
            raise TypeError(type(narrow).__name__)
        wide = graph.doubled(graph.conv(narrow, found))
        found = graph.block(join, graph.add("Add", wide, maps.pop()))
        if level == UPRIGHT_LEVEL:
            upright = graph.doubled(graph.doubled(graph.conv(network.upright, found)))
    graph.add("Concat", graph.conv(network.head, found), upright, output="maps", axis=1)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "page",
            [helper.make_tensor_value_info("page", TensorProto.FLOAT, [1, 1, "height", "width"])],
            [helper.make_tensor_value_info("maps", TensorProto.FLOAT, [1, len(OUTPUTS), "rows", "columns"])],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
