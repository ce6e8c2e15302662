"""`python -m search.adaptation FILE.parquet`: what adaptation gains on words with known text, which it is not shown."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from search.adaptation.adapt import adapt
from search.adaptation.delta import pack_delta
from search.adaptation.lexicon import language_lexicon
from search.adaptation.outcome import AdaptConfig
from search.embedding.device import choose_placement
from search.embedding.handwriting import HandwritingEmbedder
from search.evaluation.words import WordsReport, evaluate_words
from search.training.store import parquet_words


def main() -> None:
    """Adapt to some words of the file, and print their mAP by string and by example before and after, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="columns `image` and `text`")
    parser.add_argument("--words", type=int, default=24_000, help="at most so many, drawn by lot")
    parser.add_argument("--languages", default="", help="as fr,es; guessed unless given")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--steps", type=int, help="of each round, at most")
    options = parser.parse_args()
    every = [ink for ink, _ in parquet_words(options.file)]
    drawn = np.sort(np.random.default_rng(0).permutation(len(every))[: options.words])  # those `evaluate_words` draws
    lexicon = language_lexicon(options.languages.split(",")) if options.languages else None
    config = AdaptConfig(minutes=options.minutes, steps=options.steps)
    base = HandwritingEmbedder(None, choose_placement())
    print(json.dumps({"before": _scores(evaluate_words(options.file, base, max_words=options.words))}), flush=True)
    found = adapt(base.fresh_model(), [every[place] for place in drawn], lexicon, config)
    print(json.dumps(found.report()), flush=True)
    if found.delta is not None:
        adapted = base.adapted(pack_delta(found.delta, base.space.digest))
        print(json.dumps({"after": _scores(evaluate_words(options.file, adapted, max_words=options.words))}))


def _scores(report: WordsReport) -> dict[str, object]:
    plain = asdict(report)
    return {name: plain[name] for name in ("qbs_map", "qbe_map", "top1", "words", "queries")}


if __name__ == "__main__":
    main()
