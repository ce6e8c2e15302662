from pathlib import Path

import matplotlib
import numpy as np
import open_clip
import pytest
import torch
from open_clip.model import CustomTextCLIP
from PIL import Image, ImageDraw, ImageFont

from infra.errors import ModelError
from search.handwriting.columns import pyramid_weights
from search.handwriting.crops import encode_crops, encode_texts, pack
from search.handwriting.ink import HEIGHT, MAX_WIDTH, Pixels
from search.handwriting.load import load_handwriting_model, preprocess
from search.handwriting.model import NAME, WEIGHTS, build_model, encode_tokens, tower
from search.handwriting.reading import ctc_score, read_crops
from search.handwriting.tokenizer import CharacterTokenizer

WORDS = ["Testament", "maison", "London", "1742", "über", "a", "señor", "Königsberg", "witness", "le"]


@pytest.fixture(scope="module")
def model() -> CustomTextCLIP:
    return load_handwriting_model()[0]


@pytest.fixture(scope="module")
def crops() -> list[Pixels]:
    rng = np.random.default_rng(0)
    sizes = [(40, 30), (32, 90), (70, 400), (20, 61), (44, 120), (9, 9)]
    blocks = [np.kron(rng.integers(0, 2, (h // 3, w // 3, 1)), np.ones((3, 3, 3))) for h, w in sizes]
    return [(block * 200).astype(np.uint8) for block in blocks]


def test_open_clip_builds_it_from_the_shipped_config_and_weights() -> None:
    load_handwriting_model()
    model = open_clip.create_model(NAME, pretrained=str(WEIGHTS))
    assert isinstance(model, CustomTextCLIP)
    assert model.encode_text(CharacterTokenizer()(["word"])).shape == (1, 256)


def test_the_weights_are_small_half_floats() -> None:
    assert WEIGHTS.stat().st_size <= 25 << 20


def test_fast_paths_agree_with_open_clips_own(model: CustomTextCLIP, crops: list[Pixels]) -> None:
    tokens = CharacterTokenizer()(WORDS)
    with torch.inference_mode():
        whole = model.encode_text(tokens, normalize=True).numpy()
        images = torch.stack([preprocess(Image.fromarray(crop)) for crop in crops])
        padded = model.encode_image(images, normalize=True).numpy()
    np.testing.assert_allclose(encode_texts(model, WORDS), whole, atol=2e-5)
    assert ((encode_crops(model, crops) * padded).sum(axis=1) > 0.97).all()


def test_rows_are_unit_in_order_and_repeatable(model: CustomTextCLIP, crops: list[Pixels]) -> None:
    vectors = encode_crops(model, crops)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(vectors, encode_crops(model, crops))
    alone = encode_crops(model, crops[1:2])[0]
    assert vectors[1] @ alone > 0.97


def test_nothing_in_nothing_out(model: CustomTextCLIP) -> None:
    assert encode_crops(model, []).shape == (0, 256)
    assert encode_texts(model, []).shape == (0, 256)
    assert read_crops(model, []) == []


@pytest.mark.parametrize("size", [64, 128, 256])
def test_strings_cut_short_are_still_told_apart(model: CustomTextCLIP, size: int) -> None:
    known, asked = encode_texts(model, WORDS)[:, :size], encode_texts(model, [word.upper() for word in WORDS])[:, :size]
    known, asked = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (known, asked))
    assert ((asked @ known.T).argmax(axis=1) == np.arange(len(WORDS))).mean() >= 0.9


def test_any_string_has_a_vector(model: CustomTextCLIP) -> None:
    assert np.isfinite(encode_texts(model, ["", "漢字", "a" * 500, "\x00", "👩‍👩‍👧", "e\u0301\u0301\u0301"])).all()


def test_a_blank_crop_has_a_vector(model: CustomTextCLIP) -> None:
    assert np.isfinite(encode_crops(model, [np.full((30, 50, 3), 255, np.uint8), np.zeros((1, 1, 3), np.uint8)])).all()


def test_padding_is_recognised(model: CustomTextCLIP) -> None:
    maps = np.zeros((2, 1, HEIGHT, 64), np.float32)
    maps[0, :, 4:28, :20] = 1.0
    maps[1, :, 4:28, :61] = 1.0
    with torch.inference_mode():
        columns, real = tower(model).columns(torch.from_numpy(maps))
    assert columns.shape[:2] == (2, 16)
    assert real.sum(dim=1).tolist() == [5, 16]


def test_pyramid_weights_average_the_parts_of_a_word() -> None:
    weights = pyramid_weights(torch.tensor([3, 4]), 4, 2)
    expected = [[1 / 3, 1 / 3, 1 / 3, 0], [2 / 3, 1 / 3, 0, 0], [0, 1 / 3, 2 / 3, 0]]
    torch.testing.assert_close(weights[0], torch.tensor(expected))
    torch.testing.assert_close(weights[1, 2], torch.tensor([0, 0, 0.5, 0.5]))


def test_tokens_are_encoded_without_their_padding(model: CustomTextCLIP) -> None:
    tokens = CharacterTokenizer()(["ab"])
    with torch.inference_mode():
        torch.testing.assert_close(encode_tokens(model, tokens), encode_tokens(model, tokens[:, :3]))


def test_packing_pads_with_black() -> None:
    packed = pack([np.full((HEIGHT, 9), 255, np.uint8), np.full((HEIGHT, 30), 255, np.uint8)])
    assert packed.shape == (2, HEIGHT, 32)
    assert packed[0, :, 9:].max() == 0
    assert MAX_WIDTH % 8 == 0


def test_readings_have_a_confidence(model: CustomTextCLIP, crops: list[Pixels]) -> None:
    readings = read_crops(model, crops)
    assert len(readings) == len(crops)
    assert all(0 <= confidence <= 1 for _, confidence in readings)
    assert ctc_score(model, crops[:2], ["", "a" * 300]).tolist() == [-np.inf, -np.inf]


def test_the_right_spelling_scores_better_than_a_wrong_one(model: CustomTextCLIP) -> None:
    font = ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSerif-Italic.ttf"), 40)
    written = []
    for word in ("maison", "Testament", "London"):
        page = Image.new("RGB", (int(font.getlength(word)) + 8, 56), (230, 220, 200))
        ImageDraw.Draw(page).text((4, 2), word, fill=(40, 30, 30), font=font)
        written.append(np.asarray(page))
    right, wrong = ctc_score(model, written, ["maison", "Testament", "London"]), ctc_score(model, written, ["zqxj"] * 3)
    assert (right > wrong).all()


def test_ctc_score_wants_a_string_for_each_crop(model: CustomTextCLIP, crops: list[Pixels]) -> None:
    with pytest.raises(ValueError, match="6 crops and 1 texts"):
        ctc_score(model, crops, ["a"])


def test_missing_and_damaged_weights_are_model_errors(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such weights"):
        build_model(tmp_path / "none.safetensors")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="cannot be loaded"):
        build_model(damaged)
