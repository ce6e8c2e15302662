"""The project's own model through the embedder, with random weights saved to disk."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from infra.errors import ModelError
from infra.settings import load_settings
from search.embedding.embedder import Reader, embed_words
from search.embedding.handwriting import HandwritingEmbedder
from search.embedding.load import load_embedder
from search.handwriting.model import build_model


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "mine.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in build_model().state_dict().items()}, path)
    return path


def test_a_weights_file_of_the_same_shape_is_loaded_by_its_path(weights: Path) -> None:
    embedder = load_embedder(load_settings(model=str(weights), device="cpu", precision="fp32"))
    assert isinstance(embedder, HandwritingEmbedder)
    rng = np.random.default_rng(0)
    crops = [rng.integers(0, 256, (30, 40 + 30 * i, 3), dtype=np.uint8) for i in range(4)]
    rows = embedder.embed_crops(crops)
    assert rows.shape == (4, embedder.space.dimension) and rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(embedder.embed_crops(crops[2:3])[0], rows[2], atol=1e-4)
    assert embedder.embed_crops([]).shape == embedder.embed_texts([]).shape == (0, embedder.space.dimension)
    assert np.isfinite(embedder.embed_texts(["", "\ud800", "maison", "日本" * 300])).all()


def test_words_are_read_in_the_same_pass(weights: Path) -> None:
    embedder = load_embedder(load_settings(model=str(weights), device="cpu", precision="fp32"))
    rng = np.random.default_rng(0)
    crops = [rng.integers(0, 256, (30, 40 + 30 * i, 3), dtype=np.uint8) for i in range(4)]
    assert isinstance(embedder, Reader)
    words = embed_words(embedder, crops)
    np.testing.assert_allclose([word.vector for word in words], embedder.embed_crops(crops), atol=1e-5)
    assert len({word.reading for word in words}) == 4 and all(word.reading for word in words)
    assert embed_words(embedder, []) == []
    with pytest.raises(ModelError, match="uint8"):
        embed_words(embedder, [np.zeros((3, 3), np.uint8)])


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"no")
    with pytest.raises(ModelError, match=r"bad\.safetensors"):
        load_embedder(load_settings(model=str(tmp_path / "bad.safetensors"), device="cpu"))
