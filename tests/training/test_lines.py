"""Training of the line network, small: lines are straightened and recomposed, it learns, and is written as ONNX."""

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from ingest.segmentation import strips
from search.training_lines.export import export
from search.training_lines.network import LineNetwork, in_order
from search.training_lines.recomposed import WordPage, read_words, recompose
from search.training_lines.train import Plan, gap_loss, train
from search.training_lines.views import WIDTH, random_view
from search.training_lines.written import GAP, UNKNOWN, WORD, page_lines

SAMPLES = Path(__file__).parents[2] / "samples" / "commonplace"


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[WordPage]:
    """Two lines of four words of upright strokes, ten pixels apart, on one page; a word far off on a third."""
    grey = np.full((24, 40), 220, np.uint8)
    grey[4:20, 0::4] = grey[4:20, 1::4] = 20
    png = cv2.imencode(".png", grey)[1].tobytes()
    boxes = [f"{50 * column},{80 * row},40,24" for row in range(2) for column in range(4)] + ["900,300,40,24"]
    file = tmp_path_factory.mktemp("words") / "train-made.parquet"
    pq.write_table(pa.table({"image": [png] * 9, "page": ["one"] * 9, "xywh": boxes}), file)
    return read_words(file)


def test_neighbours_of_a_line_are_chained(words: list[WordPage]):
    (page,) = words
    assert sorted(chain.words for chain in page.chains) == [(0, 1, 2, 3), (4, 5, 6, 7)]
    assert page.chains[0].gaps == pytest.approx([10 / page.letter] * 3)


def test_a_recomposed_line_is_labelled_where_it_has_ink(words: list[WordPage]):
    line = recompose(words[0], np.random.default_rng(1), 600)
    inked = line.strip.max(axis=0) > 100
    assert (line.labels[inked] != UNKNOWN).all()
    assert inked[line.labels == WORD].mean() > 0.45
    assert inked[line.labels == GAP].mean() < 0.2


def test_lines_of_a_page_are_straightened_with_their_gaps():
    lines = page_lines(SAMPLES / "page-03.jpg")
    assert len(lines) > 5
    inked = [(line.strip[30:60] > 90).any(axis=0) for line in lines]
    within = np.concatenate([ink[line.labels == WORD] for ink, line in zip(inked, lines, strict=True)])
    between = np.concatenate([ink[line.labels == GAP] for ink, line in zip(inked, lines, strict=True)])
    assert within.mean() > 2 * between.mean()


def test_views_have_the_size_the_segmenter_gives(words: list[WordPage]):
    random = np.random.default_rng(1)
    line = recompose(words[0], random, 600)
    strip, labels = random_view(line, random, line)
    assert strip.shape == (strips.HEIGHT, WIDTH)
    assert labels.shape == (WIDTH,)
    assert {WORD, GAP} <= set(labels.tolist())


def test_the_written_network_computes_the_same(tmp_path: Path):
    torch.manual_seed(1)
    views, network = torch.rand(2, 1, strips.HEIGHT, 96), LineNetwork()
    for _ in range(3):
        network(views)
    export(network.eval(), tmp_path / "lines.onnx")
    read = cv2.dnn.readNetFromONNX(str(tmp_path / "lines.onnx"))
    read.setInput(views[:1].numpy())
    with torch.no_grad():
        expected = network(views[:1]).numpy()
    assert expected.shape == (1, 2, 1, 24)
    assert np.abs(read.forward() - expected).max() < 0.02


def test_unknown_columns_cost_nothing_and_outputs_go_left_to_right():
    logits = torch.arange(8.0).reshape(1, 4, 2).transpose(1, 2)[:, :, None]
    assert in_order(logits).tolist() == [[0, 1, 2, 3, 4, 5, 6, 7]]
    labels = torch.tensor([[GAP, WORD, UNKNOWN]])
    assert float(gap_loss(torch.tensor([[9.0, -9.0, 50.0]]), labels)) < 0.01
    assert float(gap_loss(torch.tensor([[-9.0, 9.0, 0.0]]), labels)) > 5


def test_a_short_training_writes_weights(words: list[WordPage], tmp_path: Path):
    written = [page_lines(SAMPLES / "page-03.jpg")]
    train(written, [words], Plan(minutes=0.02, batch=2), tmp_path / "weights.pt")
    LineNetwork().load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
