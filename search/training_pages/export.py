"""The trained network as an ONNX file that OpenCV runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import nn

from search.training_pages.graph import Graph
from search.training_pages.network import OUTPUTS, UPRIGHT_LEVEL, PageNetwork


def export(network: PageNetwork, path: Path) -> None:
    """Write the network; input `page` float32 (1, 1, H, W), output `maps` float32 (1, 5, H / 2, W / 2)."""
    network.eval()
    graph = Graph()
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
    graph.save(path, ("page", [1, 1, "height", "width"]), ("maps", [1, len(OUTPUTS), "rows", "columns"]))
