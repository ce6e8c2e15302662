"""The network that finds lines and word gaps: a small U-net, all convolutions, in torch for training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CHANNELS = (16, 32, 64, 96, 96)
"""At 1/2, 1/4, 1/8, 1/16 and 1/32 of the input."""
OUTPUTS = ("band", "gap", "above", "below", "upright")
"""The last is fitted afterwards, on what the others have made the network see: `search.training_pages.upright`."""
UPRIGHT_LEVEL = 1
"""Way up after which letters are told from letters on their heads: at 1/8 of the input."""
MULTIPLE = 32
"""Sides of the input are multiples of this."""


def _conv(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=dilation, dilation=dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class PageNetwork(nn.Module):
    """float32 (n, 1, H, W), 0 black to 1 white, to (n, 5, H / 2, W / 2): band and gap logits, reach above and
    below, logit of not standing on its head."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d, e = CHANNELS
        self.stem = _conv(1, a, 2)
        self.down = nn.ModuleList(
            [
                nn.Sequential(_conv(a, b, 2), _conv(b, b)),
                nn.Sequential(_conv(b, c, 2), _conv(c, c)),
                nn.Sequential(_conv(c, d, 2), _conv(d, d), _conv(d, d, dilation=2)),
                nn.Sequential(_conv(d, e, 2), _conv(e, e), _conv(e, e, dilation=2)),
            ]
        )
        self.narrow = nn.ModuleList([nn.Conv2d(e, d, 1), nn.Conv2d(d, c, 1), nn.Conv2d(c, b, 1), nn.Conv2d(b, a, 1)])
        self.up = nn.ModuleList([_conv(d, d), _conv(c, c), _conv(b, b), _conv(a, a)])
        self.head = nn.Conv2d(a, 4, 1)
        self.upright = nn.Conv2d(c, 1, 1)

    def forward(self, pages: Tensor) -> Tensor:
        """Logits and reaches at half the size; sides of the input are multiples of MULTIPLE."""
        maps = [self.stem((pages - 0.5) * 4)]
        for stage in self.down:
            maps.append(stage(maps[-1]))
        found = maps.pop()
        for level, (narrow, join) in enumerate(zip(self.narrow, self.up, strict=True)):
            found = nn.functional.interpolate(narrow(found), scale_factor=2.0, mode="nearest")
            found = join(found + maps.pop())
            if level == UPRIGHT_LEVEL:
                upright = nn.functional.interpolate(self.upright(found), scale_factor=4.0, mode="nearest")
        return torch.cat([self.head(found), upright], 1)


def count_parameters(network: nn.Module) -> int:
    """Numbers to learn."""
    return sum(parameter.numel() for parameter in network.parameters())
