"""Vectors of former batches, which serve as further things to tell apart."""

from __future__ import annotations

import torch
from torch import Tensor


class VectorQueue:
    """The last `size` images and strings with their labels.

    After Wang et al., "Cross-Batch Memory for Embedding Learning", 2020: once training is under way, vectors hardly
    drift over a few batches.
    """

    def __init__(self, size: int, dimension: int, device: torch.device) -> None:
        self.size = size
        self.images, self.words = (torch.empty(0, dimension, device=device) for _ in range(2))
        self.image_labels, self.word_labels = (torch.empty(0, dtype=torch.int64, device=device) for _ in range(2))

    def push(self, images: Tensor, image_labels: Tensor, words: Tensor, word_labels: Tensor) -> None:
        """Newest in front; the oldest fall out."""
        self.images = torch.cat((images, self.images))[: self.size]
        self.image_labels = torch.cat((image_labels, self.image_labels))[: self.size]
        self.words = torch.cat((words, self.words))[: self.size]
        self.word_labels = torch.cat((word_labels, self.word_labels))[: self.size]

    def contents(self, used: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Images, their labels, strings, their labels; nothing where not used."""
        kept = self.size if used else 0
        return self.images[:kept], self.image_labels[:kept], self.words[:kept], self.word_labels[:kept]
