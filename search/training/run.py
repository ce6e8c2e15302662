"""The state of a training run, saved so that a kill at any instruction loses a few minutes at most."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from open_clip.model import CustomTextCLIP
from safetensors.torch import save_file
from torch import nn

from infra.errors import ModelError
from search.handwriting.model import build_model
from search.training.average import follow
from search.training.batches import Batch
from search.training.config import TrainingConfig
from search.training.optimizer import build_optimizers, rate
from search.training.phoc import SIZE
from search.training.step import Losses, Stepper, Weights
from search.training.vector_queue import VectorQueue

DIMENSION = 256
_MAX_NORM = 5.0


class Run:
    """Model, its running average, optimizers, and how far the run is."""

    def __init__(self, config: TrainingConfig, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.model: CustomTextCLIP = build_model(config.start).to(device, memory_format=torch.channels_last).train()
        self.average: CustomTextCLIP = build_model(config.start).to(device)
        self.average.load_state_dict(self.model.state_dict())
        self.device = device
        self.phoc = nn.Linear(DIMENSION, SIZE).to(device)
        queue = VectorQueue(config.queue, DIMENSION, device)
        self.stepper = Stepper(self.model, self.phoc, queue, 1 if device.type == "cuda" else config.threads)
        modules = nn.ModuleDict({"clip": self.model, "phoc": self.phoc})
        self.optimizers = build_optimizers([modules], config.learning_rate, self.stepper.pool)
        self.steps = 0
        self.seconds = 0.0
        """Time spent in steps, over all starts of the run."""

    @property
    def progress(self) -> float:
        """0 to 1: share of the schedule's time that is over."""
        by_steps = self.steps / self.config.steps if self.config.steps else 0.0
        return min(1.0, max(by_steps, self.seconds / (60.0 * self.config.minutes)))

    @property
    def rate(self) -> float:
        """Learning rate of the next step, as a share of its peak."""
        return rate(self.progress, self.config.decay_from)

    def step(self, batch: Batch, weights: Weights) -> Losses:
        """One update of all weights."""
        share = self.rate
        losses = self.stepper.gradients(batch, weights)
        groups = [group for optimizer in self.optimizers for group in optimizer.param_groups]
        nn.utils.clip_grad_norm_([parameter for group in groups for parameter in group["params"]], _MAX_NORM)
        for group in groups:
            group["lr"] = self.config.learning_rate * share
        for optimizer in self.optimizers:
            optimizer.step()
        self.steps += 1
        self._update_average()
        return losses

    def _update_average(self) -> None:
        """Weights and batch-norm statistics, over about the last 500 steps, fewer early in the run."""
        keep = min(0.998, (1 + self.steps) / (10 + self.steps))
        follow(self.average.state_dict(), self.model.state_dict(), keep)

    def save(self) -> None:
        """Replace the checkpoint in one step."""
        state = {
            "steps": self.steps, "seconds": self.seconds, "model": self.model.state_dict(),
            "average": self.average.state_dict(), "phoc": self.phoc.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }  # fmt: skip
        part = self.path.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.path)

    def resume(self) -> bool:
        """Go on from the checkpoint where there is one. Raises ModelError where it does not fit."""
        if not self.path.exists():
            return False
        try:
            state: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            self.phoc.load_state_dict(state["phoc"])
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
        except (RuntimeError, KeyError, ValueError, OSError) as error:
            raise ModelError(f"{self.path}: this checkpoint cannot be continued: {error}") from error
        self.steps, self.seconds = state["steps"], state["seconds"]
        return True

    @property
    def path(self) -> Path:
        """The checkpoint."""
        return self.config.out / "checkpoint.pt"


def export_weights(model: CustomTextCLIP, path: Path) -> None:
    """float16 safetensors of the open_clip model, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        name: (value.half() if value.is_floating_point() else value).contiguous().clone()
        for name, value in model.state_dict().items()
    }
    part = path.with_suffix(".part")
    save_file(state, part, metadata={"format": "pt"})
    part.chmod(0o644)
    part.replace(path)
