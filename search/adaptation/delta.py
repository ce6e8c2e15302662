"""What adaptation changed in the model: the tensors of the image tower that differ, in a file of a few megabytes."""

from __future__ import annotations

import hashlib

import torch
from open_clip.model import CustomTextCLIP
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from infra.errors import ModelError


def changes(base: CustomTextCLIP, adapted: CustomTextCLIP) -> dict[str, Tensor]:
    """The tensors that differ, in float16 where they are floats."""
    former = base.state_dict()
    return {
        name: (value.half() if value.is_floating_point() else value).contiguous().clone()
        for name, value in adapted.state_dict().items()
        if not torch.equal(value, former[name])
    }


def pack_delta(delta: dict[str, Tensor], base_digest: str) -> bytes:
    """As safetensors, with the digest of the model that it changes."""
    content: bytes = save(delta, metadata={"format": "pt", "base": base_digest})
    return content


def delta_name(content: bytes) -> str:
    """SHA-256 of the file, hex: its name in the store."""
    return hashlib.sha256(content).hexdigest()


def apply_delta(model: CustomTextCLIP, content: bytes) -> CustomTextCLIP:
    """Change the model in place. Raises ModelError where the file is damaged or of another model."""
    try:
        delta = load(content)
        strange = model.load_state_dict({name: value.float() for name, value in delta.items()}, strict=False)
    except (SafetensorError, RuntimeError, ValueError) as error:
        raise ModelError(f"this adapted model cannot be read: {error}; adapt the collection again") from error
    if strange.unexpected_keys:
        raise ModelError(f"this adapted model is of another kind: {strange.unexpected_keys[0]}")
    return model
