"""One step: chunks of images and one of strings in parallel, one loss over them all, gradients back through each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.model import CustomTextCLIP
from torch import Tensor, nn
from torch.nn import functional

from search.embedding.device import choose_placement
from search.handwriting.alphabet import fold
from search.handwriting.model import encode_tokens, tower
from search.handwriting.tokenizer import CharacterTokenizer
from search.training.batches import Batch
from search.training.losses import agree, agree_among, reading_loss
from search.training.phoc import histograms
from search.training.vector_queue import VectorQueue

_STRINGS = 64
"""Strings of like length that go through the text tower together."""
_MAX_SCALE = 40.0
"""Cosines are multiplied by this at most: sharper, and wrong labels lead."""


@dataclass(frozen=True)
class Weights:
    """Of the parts of the loss."""

    text: float = 2.0
    image: float = 0.5
    reading: float = 1.0
    phoc: float = 10.0
    use_queue: bool = False


@dataclass(frozen=True)
class Losses:
    """Of one step, before weighting."""

    text: float
    image: float
    reading: float
    phoc: float


class Stepper:
    """Computes gradients. Each chunk is one task, so that threads need not wait for each other inside a layer.

    A pool of threads, each with one-threaded operators, holds its speed on a busy machine, where operators with
    several threads spend their time waiting for the slowest.
    """

    def __init__(self, model: CustomTextCLIP, phoc: nn.Linear, queue: VectorQueue, threads: int) -> None:
        self.model, self.phoc, self.queue = model, phoc, queue
        self.device = next(model.parameters()).device
        self.image_parameters = list(model.visual.parameters())
        self.text_parameters = list(model.text.parameters())
        self.head_parameters = [*phoc.parameters(), model.logit_scale]
        self.tokenizer = CharacterTokenizer()
        self.half = choose_placement(self.device.type).dtype == torch.bfloat16
        """Whether the towers compute in bfloat16; the weights and the loss are float32 always."""
        self.pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))

    def gradients(self, batch: Batch, weights: Weights) -> Losses:
        """Fill `.grad` of every parameter."""
        strings = sorted({*batch.spellings, *batch.misses}, key=lambda text: (len(text), text))
        ends = np.cumsum([len(chunk) for chunk in batch.chunks])
        texts = [batch.texts[end - len(chunk) : end] for chunk, end in zip(batch.chunks, ends, strict=True)]
        spelled = [self.pool.submit(self._spell, part) for part in _parts(strings, _STRINGS)]
        seen = [self.pool.submit(self._see, c, list(t)) for c, t in zip(batch.chunks, texts, strict=True)]
        outputs = [future.result() for future in seen]
        images = torch.cat([vectors.detach() for vectors, _ in outputs]).requires_grad_()
        spellings = [future.result() for future in spelled]
        words = torch.cat([vectors.detach() for vectors in spellings]).requires_grad_()
        loss, losses = self._compare(images, words, batch, strings, weights)
        torch.autograd.backward(loss)
        assert images.grad is not None and words.grad is not None
        word_grads = torch.split(words.grad, [len(vectors) for vectors in spellings])
        tasks: list[Callable[[], tuple[Tensor, ...]]] = [
            _back([vectors], self.text_parameters, [grad]) for vectors, grad in zip(spellings, word_grads, strict=True)
        ]
        reading = 0.0
        for (vectors, ctc), grad in zip(outputs, torch.split(images.grad, [len(v) for v, _ in outputs]), strict=True):
            share = torch.tensor(weights.reading * len(vectors) / len(images), device=self.device)
            tasks.append(_back([vectors, ctc], self.image_parameters, [grad, share]))
            reading += float(ctc.detach()) * len(vectors) / len(images)
        grads = [future.result() for future in [self.pool.submit(task) for task in tasks]]
        self._set_gradients(self.text_parameters, grads[: len(spellings)])
        self._set_gradients(self.image_parameters, grads[len(spellings) :])
        return Losses(losses[0], losses[1], reading, losses[2])

    def _set_gradients(self, parameters: Sequence[nn.Parameter], parts: Sequence[tuple[Tensor | None, ...]]) -> None:
        """Sum of the parts, each in the order of the parameters."""
        list(self.pool.map(_set_gradient, parameters, zip(*parts, strict=True)))

    def _see(self, chunk: NDArray[np.uint8], texts: list[str]) -> tuple[Tensor, Tensor]:
        """uint8 (n, HEIGHT, w) -> vectors and the reading loss."""
        maps = torch.from_numpy(chunk).to(self.device).float().div_(255.0)[:, None]
        trunk = tower(self.model)
        with self._autocast():
            columns, real = trunk.columns(maps)
            vectors, logits = trunk.embed(columns, real), trunk.read(columns)
        return vectors.float(), reading_loss(logits, real, texts)

    def _spell(self, strings: Sequence[str]) -> Tensor:
        """Strings -> float32 (n, d)."""
        with self._autocast():
            return encode_tokens(self.model, self.tokenizer(strings).to(self.device)).float()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.half)

    def _compare(
        self, images: Tensor, words: Tensor, batch: Batch, strings: list[str], weights: Weights
    ) -> tuple[Tensor, tuple[float, float, float]]:
        """The loss over all vectors of the batch; and its parts: text, image, phoc."""
        for parameter in self.head_parameters:
            parameter.grad = None
        with torch.no_grad():
            self.model.logit_scale.clamp_(max=math.log(_MAX_SCALE))
        scale = self.model.logit_scale.exp()
        own = torch.tensor([label(text) for text in batch.spellings], device=self.device)
        spelled = torch.tensor([label(text) for text in strings], device=self.device)
        old_images, old_image_labels, old_words, old_word_labels = self.queue.contents(weights.use_queue)
        image_keys, image_labels = torch.cat((images, old_images)), torch.cat((own, old_image_labels))
        word_keys, word_labels = torch.cat((words, old_words)), torch.cat((spelled, old_word_labels))
        text = agree(images, word_keys, own[:, None] == word_labels[None], scale)
        text = text + agree(words, image_keys, spelled[:, None] == image_labels[None], scale)
        image = agree_among(images, image_keys, own[:, None] == image_labels[None], scale)
        phoc = functional.binary_cross_entropy_with_logits(
            self.phoc(images), histograms(list(batch.spellings)).to(self.device)
        )
        phoc = phoc + functional.binary_cross_entropy_with_logits(self.phoc(words), histograms(strings).to(self.device))
        self.queue.push(images.detach(), own, words.detach(), spelled)
        loss = weights.text / 2 * text + weights.image * image + weights.phoc * phoc
        return loss, (float(text.detach()) / 2, float(image.detach()), float(phoc.detach()))


def _parts(strings: list[str], size: int) -> list[list[str]]:
    return [strings[start : start + size] for start in range(0, len(strings), size)]


def label(text: str) -> int:
    """The same number for strings that fold to the same; 62 bits, so that chance hardly ever does."""
    return hash(fold(text) or text) >> 2


def _back(
    outputs: list[Tensor], parameters: list[nn.Parameter], grads: list[Tensor]
) -> Callable[[], tuple[Tensor, ...]]:
    """A task that returns the gradients of one graph, and touches no `.grad`, so that tasks may run at once."""
    return lambda: torch.autograd.grad(outputs, parameters, grads, allow_unused=True)


def _set_gradient(parameter: nn.Parameter, parts: Sequence[Tensor | None]) -> None:
    some = [grad for grad in parts if grad is not None]
    for grad in some[1:]:
        some[0].add_(grad)
    parameter.grad = some[0] if some else None
