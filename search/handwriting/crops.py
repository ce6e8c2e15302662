"""Many crops at once: sorted by width, so that short words do not pay for the padding of long ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.model import CustomTextCLIP
from torch import Tensor

from search.handwriting.ink import HEIGHT, Pixels, ink_map
from search.handwriting.letters import letter_chances
from search.handwriting.model import encode_tokens, tower, unit
from search.handwriting.posteriors import packed_readings
from search.handwriting.tokenizer import CharacterTokenizer

_CHUNK = 64
"""Maps in one pass: what a chunk needs stays in a CPU's cache."""
_STEP = 8
"""Widths are rounded up to a multiple of this."""


def encode_crops(model: CustomTextCLIP, crops: Sequence[Pixels], batch: int = _CHUNK) -> NDArray[np.float32]:
    """Crops uint8 (H, W, 3) RGB or (H, W) grey of any size -> float32 (n, dimension), rows of length 1."""
    return encode_maps(model, [ink_map(crop) for crop in crops], batch)


def encode_maps(model: CustomTextCLIP, maps: Sequence[Pixels], batch: int = _CHUNK) -> NDArray[np.float32]:
    """Ink maps uint8 (HEIGHT, w) -> float32 (n, dimension), rows of length 1."""
    trunk = tower(model)
    vectors = np.zeros((len(maps), trunk.num_features), np.float32)
    with torch.inference_mode():
        for places, packed in by_width(maps, batch):
            vectors[places] = unit(trunk(to_input(model, packed))).cpu().numpy()
    return vectors


def encode_and_read(
    model: CustomTextCLIP, crops: Sequence[Pixels], batch: int = _CHUNK
) -> tuple[NDArray[np.float32], list[bytes]]:
    """What `encode_crops` gives, and of each crop what the reading head says, as `posteriors` packs it."""
    maps = [ink_map(crop) for crop in crops]
    vectors = np.zeros((len(maps), tower(model).num_features), np.float32)
    readings = [b""] * len(maps)
    with torch.inference_mode():
        for places, packed in by_width(maps, batch):
            vectors[places], chances, lengths = look(model, packed)
            for place, reading in zip(places, packed_readings(chances.numpy(), lengths.numpy()), strict=True):
                readings[place] = reading
    return vectors, readings


def look(model: CustomTextCLIP, packed: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Tensor, Tensor]:
    """What `pack` gives of n words -> their vectors, float32 (n, dimension), unit rows; what `letter_chances` gives of
    them; and int64 (n,) real columns, both on the CPU."""
    trunk = tower(model)
    columns, real = trunk.columns(to_input(model, packed))
    vectors = unit(trunk.embed(columns, real)).cpu().numpy()
    return vectors, letter_chances(trunk.read(columns)).cpu(), real.sum(dim=1).cpu()


def encode_texts(model: CustomTextCLIP, texts: Sequence[str], batch: int = 512) -> NDArray[np.float32]:
    """Strings -> float32 (n, dimension), rows of length 1."""
    tokenizer = CharacterTokenizer(model.context_length)
    device = next(model.parameters()).device
    rows = [np.zeros((0, tower(model).num_features), np.float32)]
    with torch.inference_mode():
        for start in range(0, len(texts), batch):
            tokens = tokenizer(texts[start : start + batch]).to(device)
            rows.append(unit(encode_tokens(model, tokens)).cpu().numpy())
    return np.concatenate(rows)


def by_width(maps: Sequence[Pixels], batch: int) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
    """Places of maps of like width, and those maps padded to one width: uint8 (n, HEIGHT, w)."""
    order = sorted(range(len(maps)), key=lambda place: maps[place].shape[1])
    start = 0
    while start < len(order):
        # Powers of two: the CPU library keeps what it prepared for every shape it ever saw.
        count = min(batch, 1 << ((len(order) - start).bit_length() - 1))
        places = order[start : start + count]
        yield places, pack([maps[place] for place in places])
        start += count


def pack(maps: Sequence[Pixels]) -> NDArray[np.uint8]:
    """Ink maps -> uint8 (n, HEIGHT, w), w the widest rounded up to a multiple of 8; black on the right."""
    width = -(-max(ink.shape[1] for ink in maps) // _STEP) * _STEP
    packed = np.zeros((len(maps), HEIGHT, width), np.uint8)
    for row, ink in zip(packed, maps, strict=True):
        row[:, : ink.shape[1]] = ink
    return packed


def to_input(model: CustomTextCLIP, packed: NDArray[np.uint8]) -> Tensor:
    """uint8 (n, HEIGHT, w) -> what the image tower takes, on its device and in its precision."""
    parameter = next(tower(model).parameters())
    return torch.from_numpy(packed).to(parameter.device, parameter.dtype).div_(255.0)[:, None]
