"""Any open_clip model: a small one with random weights, saved to disk in each of the forms that are read."""

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from infra.errors import ModelError
from infra.settings import load_settings
from search.embedding.clip import ClipEmbedder
from search.embedding.load import load_embedder
from search.embedding.open_clip_models import load_open_clip

SHAPE = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
}
PREPROCESS = {"size": 32, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bilinear"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder as `open_clip` publishes them."""
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("clip") / "tiny"
    path.mkdir()
    (path / "open_clip_config.json").write_text(json.dumps({"model_cfg": SHAPE, "preprocess_cfg": PREPROCESS}))
    model = open_clip.create_model(f"local-dir:{path}", load_weights=False)
    save_file(model.state_dict(), path / "open_clip_model.safetensors")
    torch.save(model.state_dict(), path.parent / "bare.pt")
    return path


@pytest.fixture(scope="module")
def embedder(folder: Path) -> ClipEmbedder:
    return load_embedder(load_settings(model=str(folder), device="cpu", embed_batch=3))


def crops(n: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (20 + i, 50 + 3 * i, 3), dtype=np.uint8) for i in range(n)]


def test_rows_are_unit_and_in_order_whatever_the_batch(embedder: ClipEmbedder) -> None:
    pictures = crops(8)
    rows = embedder.embed_crops(pictures)
    assert rows.shape == (8, 32) and rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    for i in (0, 4, 7):
        np.testing.assert_allclose(embedder.embed_crops([pictures[i]])[0], rows[i], atol=1e-5)
    assert embedder.embed_crops([]).shape == (0, 32)
    assert embedder.embed_texts([]).shape == (0, 32)


def test_prompts_are_averaged_and_made_unit_again(folder: Path, embedder: ClipEmbedder) -> None:
    plain = load_embedder(load_settings(model=str(folder), device="cpu", prompts="plain"))
    words = load_embedder(load_settings(model=str(folder), device="cpu", prompts="word"))
    from search.embedding.prompts import WORD

    rows = plain.embed_texts([template.replace("{}", "maison") for template in WORD])
    mean = rows.mean(axis=0)
    np.testing.assert_allclose(words.embed_texts(["maison"])[0], mean / np.linalg.norm(mean), atol=1e-5)
    np.testing.assert_array_equal(words.embed_texts(["maison"]), embedder.embed_texts(["maison"]))
    assert not np.allclose(plain.embed_texts(["maison"]), words.embed_texts(["maison"]), atol=1e-3)


def test_the_same_weights_are_the_same_space_in_every_file_format(folder: Path) -> None:
    digests = set()
    (folder / "weights.pt").write_bytes((folder.parent / "bare.pt").read_bytes())
    for spec in (folder, folder / "open_clip_model.safetensors", folder / "weights.pt"):
        digests.add(load_embedder(load_settings(model=str(spec), device="cpu")).space.digest)
    assert len(digests) == 1
    torch.manual_seed(4)
    other = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    torch.save(other.state_dict(), folder / "weights.pt")
    changed = load_embedder(load_settings(model=str(folder / "weights.pt"), device="cpu")).space
    assert changed.digest not in digests and changed.dimension == 32


def test_a_named_model_takes_a_local_state_dict(tmp_path: Path) -> None:
    torch.manual_seed(5)
    name = "ViT-S-32-alt"
    model = open_clip.create_model(name)
    save_file(model.state_dict(), tmp_path / "mine.safetensors")
    loaded_name, loaded, images, texts = load_open_clip(f"{name}:{tmp_path / 'mine.safetensors'}")
    assert loaded_name == name
    for key, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], tensor)
    assert images(crops(2)).shape == (2, 3, 224, 224) and texts(["a", "b"]).shape == (2, 77)


def test_without_a_network_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*args: object, **kwargs: object) -> None:
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(open_clip.factory, "download_pretrained", unreachable)
    with pytest.raises(ModelError, match=r"could not be downloaded.*MANUSPECT_MODEL=NAME:PATH"):
        load_open_clip("ViT-B-32")


@given(st.text(max_size=300))
@settings(max_examples=40, deadline=None)
def test_any_unicode_is_embedded(embedder: ClipEmbedder, text: str) -> None:
    row = embedder.embed_texts([text])
    assert row.shape == (1, 32) and np.isfinite(row).all()


def test_lone_surrogates_are_embedded(embedder: ClipEmbedder) -> None:
    assert np.isfinite(embedder.embed_texts(["\ud800 a"])).all()


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("no-such-model", "nor an open_clip model"),
        ("ViT-B-32:no-such-tag", "neither a file nor a set of weights"),
        ("/nowhere/model.safetensors", "no such file"),
    ],
)
def test_a_wrong_name_says_what_to_do(spec: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        load_open_clip(spec)


def test_a_folder_without_its_parts_says_which(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"open_clip_config\.json"):
        load_open_clip(str(tmp_path))
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": SHAPE}))
    with pytest.raises(ModelError, match="no weights"):
        load_open_clip(str(tmp_path))
    (tmp_path / "model.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_open_clip(str(tmp_path))


@pytest.mark.parametrize("bad", [np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_a_crop_of_the_wrong_kind_is_refused(embedder: ClipEmbedder, bad: np.ndarray) -> None:
    with pytest.raises(ModelError, match="a crop must be"):
        embedder.embed_crops([bad])
