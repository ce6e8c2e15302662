"""Layers of the image tower that work on a row of columns, one column for every 4 pixels of width."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class ColumnBlock(nn.Module):
    """A pre-norm transformer block over columns; padding columns are not attended to."""

    def __init__(self, width: int, heads: int, mlp_ratio: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, int(width * mlp_ratio))
        self.fc2 = nn.Linear(int(width * mlp_ratio), width)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """float (n, t, width), bool (n, t) -> float (n, t, width)."""
        n, t, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(n, t, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        # Rows are at most 44 columns: plain products are several times faster than a fused attention on a CPU.
        scores = qkv[0] @ qkv[1].transpose(2, 3) * (width // self.heads) ** -0.5
        seen = scores.masked_fill(~real[:, None, None, :], -1e4).softmax(dim=3).to(qkv.dtype) @ qkv[2]
        x = x + self.proj(seen.transpose(1, 2).reshape(n, t, width))
        mlp: Tensor = self.fc2(functional.gelu(self.fc1(self.norm2(x)), approximate="tanh"))
        return x + mlp


class ColumnPositions(nn.Module):
    """Learned positions counted from both ends of the word, as a speller counts."""

    def __init__(self, width: int, columns: int) -> None:
        super().__init__()
        self.from_left = nn.Parameter(torch.randn(columns, width) * 0.02)
        self.from_right = nn.Parameter(torch.randn(columns, width) * 0.02)

    def forward(self, lengths: Tensor, t: int) -> Tensor:
        """int64 (n,) real columns of each word -> float (n, t, width)."""
        right = (lengths[:, None] - 1 - torch.arange(t, device=lengths.device)).clamp(min=0)
        return self.from_left[:t] + self.from_right[right]


def pyramid_weights(lengths: Tensor, t: int, levels: int) -> Tensor:
    """Weights that average columns over the whole word, its halves, thirds... -> float (n, 1 + 2 + ... + levels, t).

    Rows sum to 1. After Sudholt and Fink, "Evaluating Word String Embeddings and Loss Functions for CNN-based Word
    Spotting", 2017 (temporal pyramid pooling); a column on a border counts by its share.
    """
    starts = torch.tensor([i / level for level in range(1, levels + 1) for i in range(level)], device=lengths.device)
    sizes = torch.tensor([1 / level for level in range(1, levels + 1) for _ in range(level)], device=lengths.device)
    first = starts * lengths[:, None]
    last = (starts + sizes) * lengths[:, None]
    columns = torch.arange(t, device=lengths.device)
    share = torch.minimum(last[..., None], columns + 1.0) - torch.maximum(first[..., None], columns * 1.0)
    share = share.clamp(min=0.0)
    return share / share.sum(dim=2, keepdim=True).clamp(min=1e-6)


class ColumnPool(nn.Module):
    """Columns -> one vector: pyramid averages and one attention pool, side by side, then a linear layer."""

    def __init__(self, width: int, levels: int, dimension: int) -> None:
        super().__init__()
        self.levels = levels
        self.score = nn.Linear(width, 4)
        self.out = nn.Linear((levels * (levels + 1) // 2 + 4) * width, dimension)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """float (n, t, width), bool (n, t) -> float (n, dimension)."""
        averages = pyramid_weights(real.sum(dim=1), x.shape[1], self.levels).to(x.dtype)
        scores = self.score(x).masked_fill(~real[..., None], -1e4).softmax(dim=1).to(x.dtype)
        weights = torch.cat((averages, scores.transpose(1, 2)), dim=1)
        vector: Tensor = self.out((weights @ x).flatten(1))
        return vector
