"""Packed readings: small, and nearly as good as what they were made of."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from search.handwriting.classes import BLANK, LETTERS
from search.handwriting.crops import by_width, encode_and_read, encode_crops, to_input
from search.handwriting.ink import ink_map
from search.handwriting.letters import letter_chances, letter_fits
from search.handwriting.load import load_handwriting_model
from search.handwriting.model import tower
from search.handwriting.posteriors import fits, packed_readings

CLASSES = len(LETTERS) + 1
ALPHABET = "abe"
ABSENT = -8.0

columns = st.dictionaries(
    st.sampled_from([BLANK, *(LETTERS[letter] for letter in ALPHABET)]), st.floats(-4.9, 0.0), min_size=2
)
sure = st.sampled_from([BLANK, LETTERS["a"]]).map(lambda one: {one: 0.0})
words = st.lists(columns | sure, min_size=1, max_size=5)


def table(said: list[dict[int, float]], to: int = 0) -> np.ndarray:
    """float32 (t, classes): what is not said is absent; `to` so many columns of nonsense after the end."""
    rows = np.full((max(len(said), to), CLASSES), ABSENT, np.float32)
    rows[len(said) :] = -0.5
    for row, column in zip(rows, said, strict=False):
        row[list(column)] = list(column.values())
    return rows


def all_paths(said: list[dict[int, float]], text: str) -> float:
    """Log-probability of a string by the book: summed over every way to write it down column by column."""
    wanted, total = [LETTERS[letter] for letter in text], 0.0
    for path in product([BLANK, *(LETTERS[letter] for letter in ALPHABET)], repeat=len(said)):
        read = [one for i, one in enumerate(path) if one != BLANK and (i == 0 or path[i - 1] != one)]
        if read == wanted:
            total += np.exp(sum(column.get(one, ABSENT) for column, one in zip(said, path, strict=True)))
    return float(np.log(total)) if total else -np.inf


@settings(max_examples=60, deadline=None)
@given(st.lists(words, min_size=1, max_size=3), st.text(ALPHABET, min_size=1, max_size=3))
def test_a_fit_is_the_sum_over_all_ways_to_write_it(said: list[list[dict[int, float]]], text: str) -> None:
    rows = np.stack([table(word, 6) for word in said])
    found = fits(packed_readings(rows, np.array([len(word) for word in said])), {text: 1.0})
    assert np.isfinite(found).all()
    for word, fit in zip(said, found, strict=True):
        merged = [one for i, one in enumerate(word) if i == 0 or len(one) > 1 or one != word[i - 1]]
        expected = all_paths(merged, text)
        if np.isfinite(expected):
            assert fit == pytest.approx(expected, abs=len(word) / 32 + 1e-4), "half a step for each column"
        else:
            assert fit < -600


def test_a_run_that_says_one_thing_costs_one_column() -> None:
    once = packed_readings(table([{BLANK: 0.0}, {LETTERS["a"]: 0.0}])[None], np.array([2]))
    often = packed_readings(table([{BLANK: 0.0}] * 9 + [{LETTERS["a"]: 0.0}] * 4)[None], np.array([13]))
    assert once == often and len(once[0]) == 4


def test_words_without_columns_and_no_words_fit_nothing() -> None:
    assert fits([b""], {"a": 1.0})[0] < -600 and len(fits([], {"a": 1.0})) == 0
    with pytest.raises(ValueError, match="no letter"):
        fits([b""], {"a": 0.5, "?": 0.5})


@pytest.fixture(scope="module")
def drawn() -> list[np.ndarray]:
    """Printed words, black on white."""
    font, crops = ImageFont.load_default(40), []
    for text in TEXTS:
        image = Image.new("RGB", (30 + int(font.getlength(text)), 60), "white")
        ImageDraw.Draw(image).text((12, 6), text, "black", font)
        crops.append(np.asarray(image))
    return crops


TEXTS = ["maison", "London", "le", "Testament", "1742", "witness", "Paris", "soldat", "lettre", "commencement"]


def test_what_the_model_reads_is_packed_small_and_ranks_strings_as_the_head_itself(drawn: list[np.ndarray]) -> None:
    model = load_handwriting_model()[0]
    vectors, readings = encode_and_read(model, drawn)
    np.testing.assert_allclose(vectors, encode_crops(model, drawn), atol=1e-6)
    assert encode_and_read(model, [])[1] == []
    assert np.mean([len(reading) for reading in readings]) < 300
    asked = [text.lower() for text in TEXTS]
    found = np.array([fits(readings, {text: 1.0}) for text in asked])
    head = np.zeros_like(found)
    with torch.inference_mode():
        for places, packed in by_width([ink_map(crop) for crop in drawn], 64):
            seen, real = tower(model).columns(to_input(model, packed))
            chances, lengths = letter_chances(tower(model).read(seen)), real.sum(dim=1)
            for row, text in zip(head, asked, strict=True):
                row[places] = letter_fits(chances, lengths, [text] * len(places)).numpy()
    assert (found.argmax(axis=0) == head.argmax(axis=0)).all()
    likely = head > -10
    assert np.abs(found - head)[likely].mean() < 0.5
    assert (found.argmax(axis=0) == np.arange(len(TEXTS))).mean() >= 0.8
