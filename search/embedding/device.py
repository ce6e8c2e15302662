"""Where a model runs and in which arithmetic, with the reason, so that the choice can be said out loud."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch

from infra.errors import ModelError, SettingsError

Precision = Literal["fp32", "bf16", "fp16"]

_CPU_SHAPES = "128"
"""Layers at a batch's exact shape that oneDNN keeps made ready. Its own 1,024 take hundreds of megabytes: batches of
words differ in number and width."""
_SIDE, _TRIES = 384, 10
"""Of the matrices multiplied to see which arithmetic is faster, and how often."""
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class Placement:
    """A device and an arithmetic that were chosen for a model."""

    device: str
    """cpu, cuda or mps."""
    precision: Precision
    reason: str
    """One sentence for the log."""

    @property
    def dtype(self) -> torch.dtype:
        """The arithmetic of the forward pass; vectors leave the model as float32 whatever it is."""
        return _DTYPES[self.precision]


def choose_placement(device: str = "auto", precision: str = "auto") -> Placement:
    """CUDA before MPS before CPU; half precision only where the hardware gains by it.

    Raises ModelError where the asked device is absent, SettingsError for an unknown name.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", _CPU_SHAPES)
    chosen, why_device = _choose_device(device)
    if precision == "auto":
        auto, why = _native_precision(chosen)
        return Placement(chosen, auto, f"{why_device}; {why}")
    if precision not in _DTYPES:
        raise SettingsError(f"MANUSPECT_PRECISION: {precision!r} is not one of auto, {', '.join(_DTYPES)}")
    asked: Precision = "fp32" if precision == "fp32" else "bf16" if precision == "bf16" else "fp16"
    return Placement(chosen, asked, f"{why_device}; {asked} as set")


@cache
def cpu_gains_by_bf16() -> bool:
    """Whether this processor multiplies matrices faster in bf16 than in fp32.

    That it has instructions for it does not tell: with AVX512-BF16 alone, without AMX, bf16 may take twice as long.
    """
    can = torch.cpu.get_capabilities()
    if not (can.get("avx512_bf16") or can.get("amx_bf16")):
        return False
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # several wait on each other
    half, full = _seconds(torch.bfloat16), _seconds(torch.float32)
    torch.set_num_threads(threads)
    return half < full


def _seconds(dtype: torch.dtype) -> float:
    """Of one product, the fastest of several: what other processes take is left out."""
    square, taken = torch.ones(_SIDE, _SIDE, dtype=dtype), []
    for _ in range(_TRIES):
        start = time.perf_counter()
        torch.mm(square, square)
        taken.append(time.perf_counter() - start)
    return min(taken)


def _choose_device(device: str) -> tuple[str, str]:
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda", f"CUDA device {torch.cuda.get_device_name()} found"
        if torch.backends.mps.is_available():
            return "mps", "Apple GPU found"
        return "cpu", "no CUDA or Apple GPU found"
    if device not in ("cpu", "cuda", "mps"):
        raise SettingsError(f"MANUSPECT_DEVICE: {device!r} is not one of auto, cpu, cuda, mps")
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not present[device]:
        raise ModelError(f"MANUSPECT_DEVICE is {device}, but this machine has none that torch can use; set auto or cpu")
    return device, f"{device} as set"


def _native_precision(device: str) -> tuple[Precision, str]:
    if device == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16", "bf16, which this GPU computes natively"
        return "fp16", "fp16, as this GPU has no bf16"
    if device == "mps":
        return "fp32", "fp32, as half precision is not measured there"
    if cpu_gains_by_bf16():
        return "bf16", "bf16, in which this CPU is faster"
    return "fp32", "fp32, as bf16 is not faster on this CPU"
