"""The trained network as an ONNX file that OpenCV runs."""

from __future__ import annotations

from pathlib import Path

from ingest.segmentation.strips import HEIGHT
from search.training_lines.network import MULTIPLE, STEP, LineNetwork
from search.training_pages.graph import Graph


def export(network: LineNetwork, path: Path) -> None:
    """Write the network; input `strip` float32 (1, 1, HEIGHT, W), output `gaps` float32 (1, 2, 1, W / 4), logits."""
    network.eval()
    graph = Graph()
    found = "strip"
    for stage in network.look:
        found = graph.block(stage, found)
    for stage in network.along:
        found = graph.add("Add", found, graph.block(stage, found))
    graph.conv(network.head, found, output="gaps")
    graph.save(path, ("strip", [1, 1, HEIGHT, "width"]), ("gaps", [1, MULTIPLE // STEP, 1, "columns"]))
