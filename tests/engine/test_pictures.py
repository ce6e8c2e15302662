"""A general CLIP model over figures: a description is asked as it is, with the prompts the model was made for."""

import json
from pathlib import Path
from uuid import UUID

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import save_file

from infra.settings import load_settings
from ingest.catalogue.catalogue import Catalogue
from ingest.catalogue.ids import word_id
from ingest.catalogue.records import Draft, DraftWord
from ingest.geometry import Region
from ingest.sources.source import PageRef, SourceInfo
from search.embedding import Embedder, load_embedder
from search.engine.engine import Engine
from search.engine.find import find
from search.engine.query import CropExample, Query
from search.index import Point
from search.index.qdrant_edge import QdrantEdgeIndex

SHAPE = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
}
PREPROCESS = {"size": 32, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bilinear"}
DESCRIPTION = 'a drawing of a "ship" -or OR (what~ looks like one'


@pytest.fixture
def embedder(tmp_path: Path) -> Embedder:
    """A small model with random weights, asked in sentences about pictures."""
    torch.manual_seed(3)
    folder = tmp_path / "clip"
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": SHAPE, "preprocess_cfg": PREPROCESS}))
    weights = open_clip.create_model(f"local-dir:{folder}", load_weights=False).state_dict()
    save_file(weights, folder / "open_clip_model.safetensors")
    return load_embedder(load_settings(model=str(folder), device="cpu", prompts="picture"))


def test_a_description_ranks_the_figures(embedder: Embedder, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    crops = [rng.integers(0, 256, (40, 60, 3), dtype=np.uint8) for _ in range(6)]
    drafts = tuple(DraftWord(Region(100 * i, 10, 60, 40), i, 0) for i in range(len(crops)))
    space = embedder.space
    index = QdrantEdgeIndex(tmp_path / "index", space)
    with Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}") as catalogue:
        owner = catalogue.add_collection("figures")
        catalogue.use_space(space.key, space.model, space.digest, space.dimension)
        info = SourceInfo("/d", "pdf", "d", "0" * 64)
        listed = catalogue.list_document(owner.id, info, [PageRef(1, "1")], base_url="http://here")
        [page] = catalogue.claim_pages("test", 1, [listed.document_id])
        ids = [word_id(page.page_id, page.digest, draft.region, "s") for draft in drafts]
        rows = embedder.embed_crops(crops)
        points = [
            Point(UUID(word), row, owner.id, listed.document_id, page.page_id, page.claim, 1)
            for word, row in zip(ids, rows, strict=True)
        ]
        index.upsert(points)
        catalogue.finish_page(page.page_id, page.claim, Draft("k", (700, 99), (700, 99), "s", drafts), space.key)
        engine = Engine(embedder, index, catalogue, pictures=True)
        asked = embedder.embed_texts([DESCRIPTION])[0]
        hits = find(engine, Query(DESCRIPTION)).hits
        assert [hit.word for hit in hits] == [ids[i] for i in np.argsort(-(rows @ asked))]
        assert hits[0].score == pytest.approx(float((rows @ asked).max()), abs=1e-4)
        assert find(engine, Query(positive=(CropExample(crops[4]),))).hits[0].word == ids[4]
    index.close()
