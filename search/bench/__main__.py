"""`python -m search.bench [PARQUET...] --words 1000000 --home FOLDER`: latency, throughput, memory, recall of queries.

The first run fills the home and builds its index; later runs use it again. With Parquet files (columns `image` and
`text`) vectors and readings are those of real words; without them vectors are those of spellings, and nothing is read.
Each vector is moved by noise. Prints JSON, one object a line.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from infra.logs import set_up_logs
from infra.settings import load_settings
from ingest.catalogue.catalogue import Catalogue
from search.bench.filling import Asked, fill, real_words
from search.bench.measuring import measure, resident_mb
from search.embedding import load_embedder
from search.engine.engine import Engine
from search.index.open_index import open_index


def main() -> None:
    """Fill where the home is empty, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parquet", nargs="*", type=Path)
    parser.add_argument("--words", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--home", type=Path, default=Path("build/bench"))
    arguments = parser.parse_args()
    own = {"database_url": None, "files_url": None, "qdrant_url": None, "broker_url": None}
    settings = load_settings(home=arguments.home, log_level="warning").model_copy(update=own)
    set_up_logs(settings)
    embedder = load_embedder(settings)
    embedder.embed_texts(["once"])
    with Catalogue(settings.catalogue_url) as catalogue:
        index = open_index(settings, embedder.space)
        if index.count() == 0:
            words = real_words(arguments.parquet, embedder)
            seconds = fill(catalogue, index, embedder.space, words, arguments.words, arguments.home)
            print(json.dumps({"filled": seconds}), flush=True)
        before = resident_mb()
        for part in measure(Engine(embedder, index, catalogue), Asked.read(arguments.home), arguments.queries):
            print(json.dumps(part), flush=True)
        print(json.dumps({"before": before, "after": resident_mb()}))
        index.close()


if __name__ == "__main__":
    main()
