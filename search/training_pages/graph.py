"""An ONNX file that OpenCV runs, put together node by node: batch norms folded in, weights in half precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Shape = list[int | str]


class Graph:
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
        """A node of that kind."""
        output = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def conv(self, conv: nn.Conv2d, x: str, output: str | None = None) -> str:
        """A convolution without a batch norm."""
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

    def save(self, path: Path, inputs: tuple[str, Shape], outputs: tuple[str, Shape]) -> None:
        """Write the file; inputs and outputs are a name and a shape, sides that vary by a name."""
        model = helper.make_model(
            helper.make_graph(
                self.nodes,
                path.stem,
                [helper.make_tensor_value_info(inputs[0], TensorProto.FLOAT, inputs[1])],
                [helper.make_tensor_value_info(outputs[0], TensorProto.FLOAT, outputs[1])],
                self.weights,
            ),
            opset_imports=[helper.make_opsetid("", 13)],
            ir_version=8,
        )
        onnx.checker.check_model(model)
        onnx.save(model, str(path))
