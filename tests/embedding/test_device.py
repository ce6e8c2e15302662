"""The device and the arithmetic are chosen by what the machine has, and the choice gives its reason."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from infra.errors import ModelError, SettingsError
from search.embedding import device
from search.embedding.device import choose_placement, cpu_gains_by_bf16


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine with a CPU without half precision."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False, "amx_bf16": False})
    monkeypatch.setattr(device, "cpu_gains_by_bf16", cpu_gains_by_bf16.__wrapped__)
    return monkeypatch


def test_a_plain_cpu_computes_in_fp32(bare: pytest.MonkeyPatch) -> None:
    placement = choose_placement()
    assert (placement.device, placement.precision) == ("cpu", "fp32")
    assert "not faster" in placement.reason


@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16"])
@pytest.mark.parametrize(("half", "precision"), [(0.001, "bf16"), (0.002, "fp32")])
def test_a_cpu_with_bf16_uses_it_where_it_is_faster(
    bare: pytest.MonkeyPatch, flag: str, half: float, precision: str
) -> None:
    bare.setattr(torch.cpu, "get_capabilities", lambda: {flag: True})
    bare.setattr(device, "_seconds", lambda dtype: half if dtype is torch.bfloat16 else 0.0015)
    assert choose_placement().precision == precision


def test_looking_which_is_faster_leaves_all_threads_to_others(bare: pytest.MonkeyPatch) -> None:
    bare.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        cpu_gains_by_bf16.__wrapped__()
        with ThreadPoolExecutor(1) as another:
            assert (torch.get_num_threads(), another.submit(torch.get_num_threads).result()) == (2, 2)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(("native", "precision"), [(True, "bf16"), (False, "fp16")])
def test_cuda_comes_first_in_its_own_half_precision(bare: pytest.MonkeyPatch, native: bool, precision: str) -> None:
    bare.setattr(torch.cuda, "is_available", lambda: True)
    bare.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    bare.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)
    bare.setattr(torch.backends.mps, "is_available", lambda: True)
    placement = choose_placement()
    assert (placement.device, placement.precision) == ("cuda", precision)


def test_what_is_asked_is_obeyed_or_refused(bare: pytest.MonkeyPatch) -> None:
    assert choose_placement("cpu", "bf16").dtype is torch.bfloat16
    with pytest.raises(ModelError, match="set auto or cpu"):
        choose_placement("cuda")
    with pytest.raises(SettingsError):
        choose_placement("tpu")
    with pytest.raises(SettingsError):
        choose_placement("cpu", "fp8")
