"""Where training words come from, and what is done to them."""

import io
from pathlib import Path

import matplotlib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from infra.errors import ModelError
from search.handwriting.alphabet import fold
from search.handwriting.ink import HEIGHT, MAX_WIDTH, RAW_HEIGHT, Pixels
from search.training.augment import augment
from search.training.batches import BatchPlan, WordSampler
from search.training.config import TrainingConfig
from search.training.data import training_stores
from search.training.pages import page_words
from search.training.phoc import LETTERS, SIZE, histograms
from search.training.store import WordStore, build_store, draw_rates, open_store, parquet_words
from search.training.strings import near_misses, one_edit
from search.training.synthetic import find_hands, synthetic_words
from search.training.vocabulary import Vocabulary

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def strokes(rng: np.random.Generator, width: int = 50) -> Pixels:
    """Something like raw ink."""
    return (np.kron(rng.integers(0, 2, (10, width // 4)), np.ones((4, 4))) * 255).astype(np.uint8)


@pytest.fixture
def store(tmp_path: Path) -> WordStore:
    rng = np.random.default_rng(0)
    texts = ["de"] * 16 + ["Été"] * 4 + ["ete,"] * 2 + ["maison", "17"]
    return build_store(tmp_path / "store", [(strokes(rng, 20 + 4 * i), text) for i, text in enumerate(texts)])


def test_a_store_gives_back_what_was_put_in(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    words = [(strokes(rng), "one"), (strokes(rng, 12), "zwei")]
    build_store(tmp_path / "store", words)
    store = open_store(tmp_path / "store")
    assert store.texts == ("one", "zwei")
    for number, (ink, _) in enumerate(words):
        np.testing.assert_array_equal(store.ink(number), ink)


def test_an_unfinished_store_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a complete"):
        open_store(tmp_path)


def test_words_are_drawn_by_the_root_of_their_frequency(store: WordStore) -> None:
    rates = draw_rates(store)
    assert rates[:16].sum() == pytest.approx(4.0)
    assert rates[16:22].sum() == pytest.approx(6**0.5)
    assert rates[-1] == 1.0


def test_a_batch_is_the_same_each_time_and_sorted_by_width(store: WordStore) -> None:
    sampler = WordSampler([(store, 1.0)], BatchPlan(24, 0.3, 6, 3, seed=4))
    first, again, other = sampler.draw(7), sampler.draw(7), sampler.draw(8)
    assert first.texts == again.texts
    assert all((a == b).all() for a, b in zip(first.chunks, again.chunks, strict=True))
    assert first.texts != other.texts
    assert [chunk.shape[2] for chunk in first.chunks] == sorted(chunk.shape[2] for chunk in first.chunks)
    assert sum(len(chunk) for chunk in first.chunks) == len(first.texts) == len(first.spellings) == 24
    assert {fold(text) for text in first.texts} == {fold(text) for text in first.spellings}


@settings(max_examples=60, deadline=None)
@given(st.integers(3, RAW_HEIGHT), st.integers(3, 300), st.integers(0, 2**32 - 1))
def test_augmented_ink_is_what_the_tower_takes(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ink, neighbour = (rng.integers(0, 256, (height, w), dtype=np.uint8) for w in (width, 17))
    before = ink.copy()
    out = augment(ink, neighbour, rng)
    assert out.dtype == np.uint8
    assert out.shape[0] == HEIGHT
    assert 1 <= out.shape[1] <= MAX_WIDTH
    np.testing.assert_array_equal(ink, before)


@given(st.text("abcdeé'", min_size=1, max_size=9), st.integers(0, 2**32 - 1))
def test_one_edit_is_one_edit(text: str, seed: int) -> None:
    edited = one_edit(text, np.random.default_rng(seed))
    assert abs(len(edited) - len(text)) <= 1
    assert sum(a != b for a, b in zip(edited, text, strict=False)) <= max(len(text), 1)


def test_near_misses_are_spelled_by_no_word_of_the_batch() -> None:
    texts = ["maison", "Été", "de", "la", "17"]
    misses = near_misses(texts, 40, np.random.default_rng(0))
    assert len(misses) == 40
    assert not {fold(miss) for miss in misses} & {fold(text) for text in texts}
    assert near_misses(["a"], 5, np.random.default_rng(0)) == []


def test_a_pyramidal_histogram_tells_where_letters_stand() -> None:
    row = histograms(["Ab"])[0].reshape(-1, len(LETTERS))
    assert row.numel() == SIZE
    a, b = LETTERS.index("a"), LETTERS.index("b")
    assert row[0, [a, b]].tolist() == [1, 1]
    assert row[1, [a, b]].tolist() == [1, 0]
    assert row[2, [a, b]].tolist() == [0, 1]
    assert histograms(["", "..."]).sum() == 0


def test_fonts_write_words_of_many_kinds() -> None:
    words = list(synthetic_words(FONTS, 60, ["gratia", "dominus", "anno"], seed=3))
    assert len(words) > 40
    assert all(ink.max() > 100 and ink.shape[0] <= RAW_HEIGHT for ink, _ in words)
    assert len({text for _, text in words}) > 40


def test_a_font_refuses_what_it_cannot_write() -> None:
    hand = next(hand for hand in find_hands(FONTS) if hand.path.name == "DejaVuSans.ttf")
    assert hand.write("漢", np.random.default_rng(0)) is None
    assert hand.write("word", np.random.default_rng(0)) is not None


def test_a_folder_without_fonts_gives_no_words(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert list(synthetic_words(tmp_path, 10, ["a"], seed=0)) == []


def test_the_vocabulary_never_draws_nothing() -> None:
    rng = np.random.default_rng(0)
    vocabulary = Vocabulary()
    drawn = [vocabulary.draw(rng) for _ in range(300)]
    assert all(drawn)
    assert any(text.isdigit() for text in drawn)


PAGE = """<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"><Page><TextRegion><TextLine>
<Word><Coords points="10,20 90,20 90,60 10,60"/><TextEquiv><Unicode>word</Unicode></TextEquiv></Word>
<Word><Coords points="10,20 90,60"/></Word></TextLine></TextRegion></Page></PcGts>"""


def test_words_are_cut_from_pages(tmp_path: Path) -> None:
    page = np.full((100, 120, 3), 230, np.uint8)
    page[30:50, 20:80:8] = 20
    Image.fromarray(page).save(tmp_path / "1.png")
    (tmp_path / "1.xml").write_text(PAGE)
    (tmp_path / "2.xml").write_text(PAGE)
    words = list(page_words(tmp_path, seed=0))
    assert [text for _, text in words] == ["word"]
    assert words[0][0].max() > 200


def test_parquet_words_are_trimmed_ink(tmp_path: Path) -> None:
    file = io.BytesIO()
    picture = np.full((40, 80), 240, np.uint8)
    picture[10:30, 20:60:8] = 10
    Image.fromarray(picture).save(file, "WEBP", lossless=True)
    pq.write_table(pa.table({"image": [file.getvalue()], "text": ["x"]}), tmp_path / "train-a.parquet")
    ((ink, text),) = parquet_words(tmp_path / "train-a.parquet")
    assert text == "x"
    assert ink.shape[0] < 30
    config = TrainingConfig(data=tmp_path, out=tmp_path / "run", fonts=FONTS, synthetic_words=40, synthetic_share=0.5)
    (real, rate), (synthetic, share) = training_stores(config)
    assert rate * draw_rates(open_store(real)).sum() == pytest.approx(share * draw_rates(open_store(synthetic)).sum())


def test_no_training_words_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no train-"):
        training_stores(TrainingConfig(data=tmp_path, out=tmp_path / "run"))
