"""The identity of a model's weights."""

from __future__ import annotations

import hashlib

import torch
from torch import nn


def weights_digest(model: nn.Module) -> str:
    """SHA-256 over names, types, shapes and bytes of all weights, hex.

    The same weights give the same digest whichever file format they came in, so a converted checkpoint keeps its index.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        flat = tensor.detach().cpu().contiguous()
        digest.update(f"{name}:{flat.dtype}:{tuple(flat.shape)};".encode())
        digest.update(memoryview(flat.reshape(-1).view(torch.uint8).numpy()))
    return digest.hexdigest()
