"""Train the handwriting model."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import structlog
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from infra.errors import ModelError
from search.training.batches import BatchPlan, stream
from search.training.config import TrainingConfig
from search.training.data import training_stores
from search.training.report import draw_curve, evaluate_run
from search.training.run import Run, export_weights
from search.training.step import Losses, Weights

log = structlog.get_logger(__name__)

_LOG_EVERY = 50
"""Steps."""
_QUEUE_FROM = 0.12
"""Progress at which vectors of former batches are worth comparing with."""


@dataclass(frozen=True)
class TrainingResult:
    """What a run left behind."""

    weights: Path
    steps: int
    words: int
    """Word images seen, counting repeats."""
    minutes: float


def train(config: TrainingConfig) -> TrainingResult:
    """Train until the schedule ends, going on where an earlier start of the same run was stopped.

    Raises ModelError where the data hold no training words or the run's folder belongs to another model.
    """
    config.out.mkdir(parents=True, exist_ok=True)
    folders = training_stores(config)
    run = Run(config, _device(config))
    resumed = run.resume()
    log.info("training", steps=run.steps, resumed=resumed, stores=[folder.name for folder, _ in folders])
    plan = BatchPlan(config.batch, config.paired, config.misses, config.chunks, config.seed)
    if run.progress < 1.0:
        _train(run, folders, plan)
    weights = config.out / "manuspect-handwriting.safetensors"
    export_weights(run.average, weights)
    return TrainingResult(weights, run.steps, run.steps * config.batch, run.seconds / 60.0)


def _train(run: Run, folders: list[tuple[Path, float]], plan: BatchPlan) -> None:
    if run.device.type == "cpu":
        torch.set_num_threads(1)  # the stepper's threads share the cores out themselves
    recent: deque[Losses] = deque(maxlen=_LOG_EVERY)
    saved = evaluated = run.seconds
    with _stop_request() as stop, closing(stream(folders, plan, run.steps)) as batches:
        last = time.monotonic()
        for batch in batches:
            with _attention(run.device):
                recent.append(run.step(batch, weights_at(run.progress)))
            now = time.monotonic()
            run.seconds, last = run.seconds + now - last, now
            if run.steps % _LOG_EVERY == 0:
                _record(run, recent)
            if run.seconds - saved > 60 * run.config.save_every:
                run.save()
                draw_curve(run.config.out)
                saved = run.seconds
            if run.config.evaluate_every and run.seconds - evaluated > 60 * run.config.evaluate_every:
                evaluated = run.seconds
                run.save()
                evaluate_run(run)
                last = time.monotonic()
            if run.progress >= 1.0 or stop.is_set():
                break
    run.save()
    draw_curve(run.config.out)


def _attention(device: torch.device) -> AbstractContextManager[None]:
    """On a CPU not the fused kind, for all threads: for strings of ten letters plain products are faster."""
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()


@contextmanager
def _stop_request() -> Iterator[threading.Event]:
    """An event that SIGTERM sets, so that a stopped run saves first; a kill costs the minutes since the last save."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    former = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, former)


def weights_at(progress: float) -> Weights:
    """Old vectors join once the embedding is steady."""
    return Weights(use_queue=progress > _QUEUE_FROM)


def _record(run: Run, recent: deque[Losses]) -> None:
    """One line to the log and to the run's log file."""
    mean = {name: round(float(np.mean([getattr(losses, name) for losses in recent])), 4) for name in asdict(recent[0])}
    line = {"steps": run.steps, "minutes": round(run.seconds / 60, 2), "rate": round(run.rate, 4), **mean}
    words = round(run.steps * run.config.batch / max(run.seconds, 1e-9))
    log.info("step", words_per_second=words, **line)
    with (run.config.out / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _device(config: TrainingConfig) -> torch.device:
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ModelError("device cuda was asked for, but there is none here")
    cuda = config.device == "cuda" or (config.device == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if cuda else "cpu")
