"""Where a run's words come from: decoded or written once, then kept beside the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from infra.errors import ModelError
from search.training.config import TrainingConfig
from search.training.pages import page_words
from search.training.store import InkWord, build_store, draw_rates, open_store, parquet_words
from search.training.synthetic import synthetic_words

log = structlog.get_logger(__name__)

_SAMPLES = 40_000
"""Transcriptions that teach invented words their letter order."""


def training_stores(config: TrainingConfig) -> list[tuple[Path, float]]:
    """Folders of words with their rates; those not yet there are made.

    Raises ModelError where there are no training words.
    """
    home = config.words or config.out / "words"
    files = sorted(config.data.glob("train-*.parquet"))
    if not files:
        raise ModelError(f"{config.data}: no train-*.parquet to learn from")
    real = [_store(home / path.stem, lambda path=path: parquet_words(path)) for path in files]  # type: ignore[misc]
    if config.pages is not None:
        pages = config.pages
        real.append(_store(home / "pages", lambda: page_words(pages, config.seed)))
    stores = [(folder, config.rates.get(folder.name, 1.0)) for folder in real]
    if config.fonts is not None:
        fonts = config.fonts
        samples = [text for folder in real for text in open_store(folder).texts][-_SAMPLES:]
        made = _store(home / "synthetic", lambda: synthetic_words(fonts, config.synthetic_words, samples, config.seed))
        stores.append((made, 1.0))
    return _shared_out(stores, config.synthetic_share)


def _store(folder: Path, words: Callable[[], Iterable[InkWord]]) -> Path:
    if not (folder / "pixels.bin").exists():
        log.info("preparing words", store=folder.name)
        build_store(folder, words())
    return folder


def _shared_out(stores: list[tuple[Path, float]], synthetic: float) -> list[tuple[Path, float]]:
    """Rates such that `synthetic` of all drawn words come from the synthetic store, if there is one."""
    sizes = {folder: float(draw_rates(open_store(folder)).sum()) for folder, _ in stores}
    real = sum(rate * sizes[folder] for folder, rate in stores if folder.name != "synthetic")
    share = synthetic / (1.0 - synthetic)
    return [
        (folder, share * real / max(sizes[folder], 1e-9) if folder.name == "synthetic" else rate)
        for folder, rate in stores
    ]
