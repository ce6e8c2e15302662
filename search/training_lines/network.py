"""The network that reads along a line and says where words part, in torch for training."""

from __future__ import annotations

from torch import Tensor, nn

STEP = 2
"""Columns of a strip per output."""
MULTIPLE = 4
"""Widths of the input are multiples of this."""
_CHANNELS = (16, 32, 48, 64)
_WIDE = 96
_DILATIONS = (1, 2, 4, 8, 16, 32, 1, 2, 4, 8)
"""Reach of the convolutions along the line: in all 20 letter heights either way, to see the writer's own spacing."""


_Pair = tuple[int, int]


def _conv(
    inputs: int, outputs: int, kernel: _Pair, stride: _Pair = (1, 1), padding: _Pair = (0, 0), dilation: _Pair = (1, 1)
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class LineNetwork(nn.Module):
    """float32 (n, 1, HEIGHT, W), 0 paper to 1 ink, to logits (n, 2, 1, W / 4): a gap between words or not, at every
    second column of the strip."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = _CHANNELS
        self.look = nn.ModuleList(
            [
                _conv(1, a, (3, 3), stride=(2, 2), padding=(1, 1)),
                _conv(a, b, (3, 3), stride=(2, 2), padding=(1, 1)),
                _conv(b, c, (3, 3), stride=(2, 1), padding=(1, 1)),
                _conv(c, c, (3, 3), padding=(1, 1)),
                _conv(c, d, (3, 3), stride=(2, 1), padding=(1, 1)),
                _conv(d, _WIDE, (4, 1)),
            ]
        )
        self.along = nn.ModuleList(
            [_conv(_WIDE, _WIDE, (1, 3), padding=(0, reach), dilation=(1, reach)) for reach in _DILATIONS]
        )
        self.head = nn.Conv2d(_WIDE, MULTIPLE // STEP, 1)

    def forward(self, strips: Tensor) -> Tensor:
        """Logits; the sides of the input are HEIGHT and a multiple of MULTIPLE."""
        for stage in self.look:
            strips = stage(strips)
        for stage in self.along:
            strips = strips + stage(strips)
        found: Tensor = self.head(strips)
        return found


def in_order(logits: Tensor) -> Tensor:
    """(n, 2, 1, W / 4) to (n, W / 2), left to right."""
    return logits[:, :, 0].transpose(1, 2).reshape(len(logits), -1)
