"""The image tower: a small residual net to columns, a transformer over them, an embedding and a reading head.

It is registered with timm, so open_clip builds it from a config like any other tower.
"""

from __future__ import annotations

from typing import Any

import torch
from timm.models import register_model
from torch import Tensor, nn
from torch.nn import functional

from search.handwriting.columns import ColumnBlock, ColumnPool, ColumnPositions
from search.handwriting.ink import HEIGHT, MAX_WIDTH
from search.handwriting.tokenizer import VOCABULARY

STRIDE = 4
"""Pixels of an ink map's width to one column."""


def _conv(inputs: int, outputs: int, kernel: int, stride: int | tuple[int, int] = 1) -> nn.Sequential:
    """Convolution, batch norm."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs))


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = _conv(width, width, 3)
        self.conv2 = _conv(width, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        """float (n, width, h, w), unchanged in shape."""
        return functional.relu_(self.conv2(functional.relu_(self.conv1(x))) + x)


class ColumnTower(nn.Module):
    """Ink maps to embeddings and, column by column, to characters."""

    def __init__(
        self,
        widths: tuple[int, int, int, int] = (32, 64, 128, 256),
        blocks: tuple[int, int] = (2, 2),
        layers: int = 3,
        heads: int = 4,
        mlp_ratio: float = 2.0,
        levels: int = 3,
        dimension: int = 256,
    ) -> None:
        super().__init__()
        stem, low, high, width = widths
        self.features = nn.Sequential(
            _conv(1, stem, 5, 2), nn.ReLU(inplace=True),
            _conv(stem, low, 3, 2), nn.ReLU(inplace=True),
            *(Residual(low) for _ in range(blocks[0])),
            _conv(low, high, 3, (2, 1)), nn.ReLU(inplace=True),
            *(Residual(high) for _ in range(blocks[1])),
            _conv(high, width, 3, (2, 1)), nn.ReLU(inplace=True),
        )  # fmt: skip
        self.to_columns = nn.Linear(width * HEIGHT // 16, width)
        self.positions = ColumnPositions(width, MAX_WIDTH // STRIDE + 8)
        self.blocks = nn.ModuleList(ColumnBlock(width, heads, mlp_ratio) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.pool = ColumnPool(width, levels, dimension)
        self.reading_head = nn.Linear(width, VOCABULARY)
        self.num_features = dimension
        self.default_cfg: dict[str, Any] = {"input_size": (1, HEIGHT, MAX_WIDTH), "pool_size": None}

    def columns(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """float (n, 1, HEIGHT, w) in 0..1 -> features (n, t, width), t = ceil(w / 4); bool (n, t), False on padding.

        Columns after the last one with ink are padding: an ink map ends within a pixel of its ink.
        """
        x = self.features(maps.contiguous(memory_format=torch.channels_last))
        x = self.to_columns(x.permute(0, 3, 1, 2).flatten(2))
        lengths = _lengths(maps, x.shape[1])
        x = x + self.positions(lengths, x.shape[1])
        real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
        for block in self.blocks:
            x = block(x, real)
        return self.norm(x), real

    def embed(self, columns: Tensor, real: Tensor) -> Tensor:
        """Features and mask of `columns` -> float (n, dimension), not normalised."""
        vector: Tensor = self.pool(columns, real)
        return vector

    def read(self, columns: Tensor) -> Tensor:
        """Features of `columns` -> float (n, t, VOCABULARY), logits of CTC; id 0 is the blank."""
        logits: Tensor = self.reading_head(columns)
        return logits

    def forward(self, maps: Tensor) -> Tensor:
        """float (n, 1, HEIGHT, w) in 0..1 -> float (n, dimension), not normalised."""
        return self.embed(*self.columns(maps))


def _lengths(maps: Tensor, columns: int) -> Tensor:
    """int64 (n,): columns up to the last one with ink, at least 1."""
    inked = maps.amax(dim=(1, 2)) > 0.05
    places = torch.arange(1, inked.shape[1] + 1, device=maps.device)
    last = (inked * places).amax(dim=1)
    return ((last + STRIDE - 1) // STRIDE).clamp(1, columns)


_OPTIONS = ("widths", "blocks", "layers", "heads", "mlp_ratio", "levels", "dimension")


@register_model  # type: ignore[untyped-decorator]
def manuspect_columns(pretrained: bool = False, **kwargs: Any) -> ColumnTower:
    """What timm calls to build the tower; it has no weights of its own to download."""
    return ColumnTower(**{name: value for name, value in kwargs.items() if name in _OPTIONS})
