"""`python -m search.engine.calibration PARQUET... [--diagram PNG]`: fit the confidences of the model in use."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from infra.logs import set_up_logs
from infra.settings import load_settings
from search.embedding import load_embedder
from search.engine.calibration.fit import fit_confidence
from search.engine.calibration.reliability import draw
from search.engine.confidence import SHIPPED


def main() -> None:
    """Fit, write the coefficients, print the measurements, draw the diagram."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parquet", nargs="+", type=Path, help="words with text that the model was not trained on")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--diagram", type=Path)
    parser.add_argument("--queries", type=int, default=3_000, help="searches of each collection, size and kind")
    parser.add_argument("--most-words", type=int, help="words drawn from each file; all unless given")
    asked = parser.parse_args()
    settings = load_settings()
    set_up_logs(settings)
    embedder = load_embedder(settings)
    found = fit_confidence(embedder, asked.parquet, queries=asked.queries, most_words=asked.most_words)
    found.model.save(asked.out)
    if asked.diagram:
        draw(found.held_out, asked.diagram)
    for kind, by_set in found.held_out.items():
        for name, one in by_set.items():
            values = {key: value for key, value in asdict(one).items() if not key.startswith("diagram")}
            print(json.dumps({"kind": kind, "left_out": name, **values}))


if __name__ == "__main__":
    main()
