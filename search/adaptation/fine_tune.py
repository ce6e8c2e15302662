"""Fine-tuning the image tower on guessed labels; the text tower stays, so spellings keep their places.

Each step sees words with sure guesses, which are drawn to their strings and away from others, and words without, which
are held where the model had them. Chunks of a batch are tasks of a pool, as in `search.training.step`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.model import CustomTextCLIP
from torch import Tensor, nn
from torch.nn import functional

from search.adaptation.lesson import Lesson
from search.embedding.device import choose_placement
from search.handwriting.crops import pack
from search.handwriting.ink import Pixels
from search.handwriting.letters import IMPOSSIBLE, letter_chances, letter_fits
from search.handwriting.model import tower
from search.training.average import follow
from search.training.losses import agree, agree_among

_SCALE = 30.0
"""Cosines are multiplied by this."""
_MAX_NORM = 5.0
_WARM = 20
"""Steps."""
_KEEP = 0.98
"""The average is over about the last 50 steps."""


@dataclass(frozen=True)
class TuneConfig:
    """How a round of fine-tuning goes."""

    minutes: float = 6.0
    learning_rate: float = 3e-4
    batch: int = 96
    chunks: int = 4
    labelled: float = 0.75
    """Share of a batch drawn from the words with sure guesses."""
    paired: float = 0.3
    """Share of those drawn as second pictures of a string already drawn."""
    negatives: int = 256
    """Strings of the lexicon drawn for each step, to be kept apart from; beside them those that are near its words."""
    image: float = 0.5
    reading: float = 0.5
    hold: float = 2.0
    """Weights of the losses beside the one between words and strings, which has 1."""
    seed: int = 0
    threads: int = 2
    steps: int | None = None
    """Stop after so many steps, whatever the time."""


class Tuner:
    """The model in training, its running average, and how far the round is."""

    def __init__(self, model: CustomTextCLIP, lesson: Lesson, config: TuneConfig) -> None:
        """`model`, in float32, is trained in place; `average` is what to keep."""
        self.model, self.lesson, self.config = model, lesson, config
        self.trunk = tower(model).to(memory_format=torch.channels_last)
        self.parameters = [parameter.requires_grad_() for parameter in self.trunk.parameters()]
        self.optimizer = torch.optim.AdamW(
            self.parameters, config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )
        self.average = {name: value.clone() for name, value in self.trunk.state_dict().items()}
        self.steps, self.seconds = 0, 0.0
        self.half = choose_placement("cpu").precision == "bf16"
        self.pool = ThreadPoolExecutor(config.threads, initializer=torch.set_num_threads, initargs=(1,))
        self.strings = torch.from_numpy(lesson.beliefs.vectors)

    @property
    def progress(self) -> float:
        """0 to 1."""
        by_steps = self.steps / self.config.steps if self.config.steps else 0.0
        return min(1.0, max(by_steps, self.seconds / (60.0 * self.config.minutes)))

    def run(self, pause: Callable[[], None] = lambda: None) -> None:
        """To the end of the round; `pause` is called after each step."""
        self.model.train()
        while self.progress < 1.0:
            start = time.monotonic()
            self.step()
            self.seconds += time.monotonic() - start
            pause()
        self.pool.shutdown()
        self.trunk.load_state_dict(self.average)
        self.model.eval()

    def step(self) -> float:
        """One update; the loss."""
        rng = np.random.default_rng((self.config.seed, self.steps))
        labelled = int(self.config.batch * self.config.labelled)
        places = self.lesson.draw(labelled, self.config.paired, self.config.batch - labelled, rng)
        sure = np.arange(len(places)) < labelled
        maps = list(self.pool.map(self.lesson.spoiled, places, rng.integers(2**31, size=len(places))))
        order = np.array(sorted(range(len(maps)), key=lambda i: maps[i].shape[1]))
        chunks = np.array_split(order, self.config.chunks)
        texts = [self.lesson.text(place) if s else "" for place, s in zip(places, sure, strict=True)]
        tasks = [self.pool.submit(self._see, [maps[i] for i in c], [texts[i] for i in c]) for c in chunks]
        outputs = [task.result() for task in tasks]
        vectors = torch.cat([vectors.detach() for vectors, _ in outputs]).requires_grad_()
        loss = self.pool.submit(self._compare, vectors, places[order], sure[order], rng).result()
        assert vectors.grad is not None
        grads = torch.split(vectors.grad, [len(chunk) for chunk in chunks])
        backs = [self.pool.submit(self._back, out, grad) for out, grad in zip(outputs, grads, strict=True)]
        parts = [back.result() for back in backs]
        self.pool.submit(self._update, parts).result()
        return loss

    def _see(self, maps: list[Pixels], texts: list[str]) -> tuple[Tensor, Tensor]:
        """Vectors, and the reading loss per letter of those that have a text."""
        packed = torch.from_numpy(pack(maps)).float().div_(255.0)[:, None]
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            columns, real = self.trunk.columns(packed)
            vectors, logits = self.trunk.embed(columns, real), self.trunk.read(columns)
        read = torch.tensor([bool(text) for text in texts])
        if not read.any():
            return vectors.float(), logits.sum() * 0.0
        known = [text for text in texts if text]
        lengths = real.sum(dim=1)[read]
        fits = letter_fits(letter_chances(logits[read]), lengths, known)
        possible = fits > IMPOSSIBLE
        letters = torch.tensor([len(text) for text in known])[possible].sum()
        return vectors.float(), -fits[possible].sum() / letters.clamp(min=1)

    def _compare(
        self, vectors: Tensor, places: NDArray[np.int64], sure: NDArray[np.bool_], rng: np.random.Generator
    ) -> float:
        """The loss over the vectors of a batch, which get their gradients."""
        config, scale = self.config, torch.tensor(_SCALE)
        words = places[sure]
        known, own = vectors[torch.from_numpy(sure)], self.lesson.label[words]
        keys = self.lesson.strings(words, rng.integers(len(self.strings), size=config.negatives))
        alike = own[:, None] == keys[None]
        apart = torch.from_numpy(~alike & ~self.lesson.possible(words, keys))
        strings, same = self.strings[torch.from_numpy(keys)], torch.from_numpy(alike)
        text = agree(known, strings, same, scale, apart) + agree(strings, known, same.T, scale, apart.T)
        image = agree_among(known, known, torch.from_numpy(own[:, None] == own[None]), scale)
        others = torch.from_numpy(~sure)
        former = torch.from_numpy(self.lesson.former[places[~sure]])
        hold = 1.0 - functional.cosine_similarity(vectors[others], former, dim=1).mean()
        loss = text / 2 + config.image * image + config.hold * hold
        torch.autograd.backward(loss)
        return float(loss.detach())

    def _back(self, outputs: tuple[Tensor, Tensor], grad: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of one chunk, in the order of the parameters."""
        share = torch.tensor(self.config.reading / self.config.chunks)
        return torch.autograd.grad(list(outputs), self.parameters, [grad, share], allow_unused=True)

    @torch.no_grad()
    def _update(self, parts: list[tuple[Tensor | None, ...]]) -> None:
        for parameter, *grads in zip(self.parameters, *parts, strict=True):
            some = [grad for grad in grads if grad is not None]
            parameter.grad = torch.stack(some).sum(dim=0) if some else None
        nn.utils.clip_grad_norm_(self.parameters, _MAX_NORM)
        rate = min(1.0, (self.steps + 1) / _WARM) * 0.5 * (1.0 + math.cos(math.pi * self.progress))
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * rate
        self.optimizer.step()
        self.steps += 1
        keep = min(_KEEP, (1 + self.steps) / (10 + self.steps))
        follow(self.average, self.trunk.state_dict(), keep)

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on as if nothing had happened."""
        return {
            "steps": self.steps, "seconds": self.seconds, "model": self.trunk.state_dict(),
            "average": self.average, "optimizer": self.optimizer.state_dict(),
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.trunk.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = state["average"]
        self.steps, self.seconds = state["steps"], state["seconds"]
