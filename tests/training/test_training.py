"""A real run, small: it learns, is killed, and goes on."""

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import matplotlib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from infra.errors import ModelError
from search.handwriting.crops import encode_crops, encode_texts
from search.handwriting.model import WEIGHTS, build_model
from search.training.batches import BatchPlan, WordSampler
from search.training.config import TrainingConfig
from search.training.data import training_stores
from search.training.loop import train, weights_at
from search.training.run import Run
from search.training.store import open_store
from search.training.synthetic import synthetic_words

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few dozen written words as Parquet, part of them held out."""
    folder = tmp_path_factory.mktemp("data")
    images, texts = [], []
    for ink, text in synthetic_words(FONTS, 90, ["anno", "domini", "gratia"], seed=1):
        file = io.BytesIO()
        Image.fromarray(255 - np.pad(ink, 2)).save(file, "PNG")
        images.append(file.getvalue())
        texts.append(text)
    pq.write_table(pa.table({"image": images[:60], "text": texts[:60]}), folder / "train-fonts.parquet")
    pq.write_table(pa.table({"image": images[60:], "text": texts[60:]}), folder / "heldout-fonts.parquet")
    return folder


def small(data: Path, out: Path, steps: int) -> TrainingConfig:
    return TrainingConfig(
        data=data, out=out, steps=steps, batch=12, chunks=2, misses=4, queue=24, save_every=0.0, evaluate_every=0.0005,
        device="cpu",
    )  # fmt: skip


RUN = """
import sys
from pathlib import Path
from search.training.config import TrainingConfig
from search.training.loop import train
if __name__ == "__main__":
    data, out = map(Path, sys.argv[1:])
    train(TrainingConfig(data=data, out=out, steps=100_000, minutes=1000, batch=12, chunks=2, misses=4, queue=24,
                         save_every=0.0, evaluate_every=0.0, device="cpu"))
"""


def test_a_killed_run_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    script, out = tmp_path / "script.py", tmp_path / "run"
    script.write_text(RUN)
    environment = os.environ | {"PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, str(script), str(data), str(out)], env=environment) as process:
        deadline = time.monotonic() + 200
        while not (out / "checkpoint.pt").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
    steps = torch.load(out / "checkpoint.pt", weights_only=True)["steps"]
    assert steps >= 1
    result = train(small(data, out, steps + 3))
    assert result.steps == steps + 3
    assert result.words == result.steps * 12
    assert result.weights.stat().st_size < 25 << 20
    assert (out / "curve.png").exists()
    evaluations = (out / "evaluations.jsonl").read_text().splitlines()
    assert 0 <= json.loads(evaluations[-1])["qbs_map"] <= 1
    assert (out / "best.safetensors").exists()
    model = build_model(result.weights)
    assert encode_texts(model, ["word"]).shape == (1, 256)
    assert train(small(data, out, steps + 3)).steps == steps + 3


def test_steps_bring_pictures_and_spellings_together(data: Path, tmp_path: Path) -> None:
    config = small(data, tmp_path / "run", 100)
    stores = [(open_store(folder), share) for folder, share in training_stores(config)]
    sampler = WordSampler(stores, BatchPlan(12, 0.2, 4, 2, seed=0))
    run = Run(config, torch.device("cpu"))
    batch = sampler.draw(0)
    run.steps = 5  # past the warm-up
    losses = [run.step(batch, weights_at(0.0)) for _ in range(12)]
    assert losses[-1].text < 0.8 * losses[0].text
    assert losses[-1].phoc < losses[0].phoc
    assert losses[-1].reading < losses[0].reading


def test_a_checkpoint_of_another_model_is_an_error(data: Path, tmp_path: Path) -> None:
    torch.save({"steps": 1}, tmp_path / "checkpoint.pt")
    run = Run(small(data, tmp_path, 5), torch.device("cpu"))
    with pytest.raises(ModelError, match="cannot be continued"):
        run.resume()


def test_a_missing_gpu_is_an_error(data: Path, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(ModelError, match="cuda"):
        train(TrainingConfig(data=data, out=tmp_path, device="cuda"))


def test_vectors_cut_short_find_nearly_as_well() -> None:
    held_out = Path(__file__).parents[3] / "shared" / "words" / "heldout-testaments.parquet"
    if not held_out.exists():
        pytest.skip("the shared words are not here")
    rows = pq.read_table(held_out).slice(0, 300)
    crops = [np.asarray(Image.open(io.BytesIO(image)).convert("RGB")) for image in rows["image"].to_pylist()]
    texts = sorted(set(rows["text"].to_pylist()))
    model = build_model(WEIGHTS)
    right = []
    for size in (256, 128, 64):
        seen, spelled = encode_crops(model, crops)[:, :size], encode_texts(model, texts)[:, :size]
        nearest = (seen @ (spelled / np.linalg.norm(spelled, axis=1, keepdims=True)).T).argmax(axis=1)
        right.append(np.mean([texts[n] == text for n, text in zip(nearest, rows["text"].to_pylist(), strict=True)]))
    assert right[0] > 0.3
    assert right[1] > 0.9 * right[0]
    assert right[2] > 0.75 * right[0]
