"""`python -m search.adaptation FILE.parquet`: what adaptation gains on words with known text, which it is not shown."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from open_clip.model import CustomTextCLIP
from torch import Tensor

from search.adaptation.adapt import adapt
from search.adaptation.delta import changes, pack_delta
from search.adaptation.following import following
from search.adaptation.lexicon import language_lexicon
from search.adaptation.outcome import AdaptConfig
from search.adaptation.proxy import Verdict
from search.adaptation.trust import errors
from search.embedding.device import choose_placement
from search.embedding.handwriting import HandwritingEmbedder
from search.engine.confidence import load_confidence
from search.evaluation.words import WordsReport, evaluate_words
from search.training.store import parquet_words


def main() -> None:
    """Adapt to some words of the file; print mAP by string and by example before, after, and of rounds, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "file", type=Path, help="columns `image` and `text`; `page` and `xywh` tell which words follow each other"
    )
    parser.add_argument("--words", type=int, default=24_000, help="at most so many, drawn by lot")
    parser.add_argument("--languages", default="", help="as fr,es; guessed unless given")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--steps", type=int, help="of each round, at most")
    parser.add_argument("--each", action="store_true", help="measure every round, whatever the verdict")
    parser.add_argument("--other", type=Path, help="words of elsewhere: measure the error of confidences as well")
    options = parser.parse_args()
    every = [ink for ink, _ in parquet_words(options.file)]
    drawn = np.sort(np.random.default_rng(0).permutation(len(every))[: options.words])  # those `evaluate_words` draws
    lexicon = language_lexicon(options.languages.split(",")) if options.languages else None
    config = AdaptConfig(minutes=options.minutes, steps=options.steps)
    base = HandwritingEmbedder(None, choose_placement())
    confidence = load_confidence(base.space.digest)

    def tell(name: str, delta: dict[str, Tensor], **more: object) -> None:
        embedder = base.adapted(pack_delta(delta, base.space.digest)) if delta else base
        report = evaluate_words(options.file, embedder, max_words=options.words)
        if options.other is not None:
            more["confidence_errors"] = errors(options.file, options.other, embedder, confidence)
        print(json.dumps({name: _scores(report), **more}), flush=True)

    def watch(trained: CustomTextCLIP, verdict: Verdict) -> None:
        if options.each:
            tell("round", changes(model, trained), verdict=asdict(verdict))

    tell("before", {})
    model = base.fresh_model()
    inks = [every[place] for place in drawn]
    found = adapt(model, inks, lexicon, config, watch=watch, following=following(options.file, drawn))
    print(json.dumps(found.report()), flush=True)
    if found.delta is not None:
        tell("after", found.delta)


def _scores(report: WordsReport) -> dict[str, object]:
    told = ("qbs_map", "qbs_read_map", "qbe_map", "qbe_read_map", "top1", "words", "queries")
    plain = asdict(report)
    return {name: plain[name] for name in told}


if __name__ == "__main__":
    main()
