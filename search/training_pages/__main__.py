"""`python -m search.training_pages PAGES WEIGHTS`: train the page network on a folder of pages with PAGE XML."""

from __future__ import annotations

import argparse
from pathlib import Path

from search.training_pages.export import export
from search.training_pages.train import Plan, read_pages, train


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path, help="folder of page images, each with its PAGE XML of the same name")
    parser.add_argument("weights", type=Path, help="file to write the weights to (torch state), and beside it as ONNX")
    parser.add_argument("--minutes", type=float, default=Plan().minutes)
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--start", type=Path, help="weights to go on from, torch state or ONNX")
    parser.add_argument("--rate", type=float, default=Plan().rate, help="highest learning rate")
    arguments = parser.parse_args()
    plan = Plan(minutes=arguments.minutes, seed=arguments.seed, rate=arguments.rate)
    network = train(read_pages(arguments.pages), plan, arguments.weights, arguments.start)
    export(network, arguments.weights.with_suffix(".onnx"))


if __name__ == "__main__":
    main()
