"""`python -m search.training_lines PAGES WORDS WEIGHTS`: train the line network on pages with PAGE XML and on words."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from search.training_lines.export import export
from search.training_lines.recomposed import read_words
from search.training_lines.train import Plan, train
from search.training_lines.written import page_lines


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path, help="folder of page images, each with its PAGE XML of the same name")
    parser.add_argument("words", type=Path, help="folder of train-*.parquet with columns image, page and xywh")
    parser.add_argument("weights", type=Path, help="file to write the weights to (torch state), and beside it as ONNX")
    parser.add_argument("--minutes", type=float, default=Plan().minutes)
    parser.add_argument("--seed", type=int, default=Plan().seed)
    arguments = parser.parse_args()
    plan = Plan(minutes=arguments.minutes, seed=arguments.seed)
    torch.set_num_threads(plan.threads)
    images = sorted(image for image in arguments.pages.rglob("*.jpg") if image.with_suffix(".xml").exists())
    written = [page_lines(image) for image in images]
    words = [read_words(file) for file in sorted(arguments.words.glob("train-*.parquet"))]
    export(train(written, words, plan, arguments.weights), arguments.weights.with_suffix(".onnx"))


if __name__ == "__main__":
    main()
