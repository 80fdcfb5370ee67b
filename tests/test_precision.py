from __future__ import annotations

import pytest
import torch

from spanwright import precision
from spanwright.errors import SpanwrightError
from spanwright.precision import autocast_dtype, check_precision

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("setting", "has_bfloat16", "expected"),
    [
        ("auto", True, torch.bfloat16),
        ("auto", False, None),
        ("bf16", False, torch.bfloat16),
        ("fp16", False, torch.float16),
        ("fp32", True, None),
    ],
)
@pytest.mark.parametrize("device", [CPU, CUDA], ids=str)
def test_autocast_dtype(setting, has_bfloat16, expected, device, monkeypatch):
    monkeypatch.setattr(precision, "has_native_bfloat16", lambda device_type: has_bfloat16)
    check_precision(setting)
    assert autocast_dtype(setting, device) is expected


@pytest.mark.parametrize(("capability", "expected"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_bfloat16_of_a_gpu_by_its_generation(capability, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert precision.has_native_bfloat16.__wrapped__("cuda") is expected


@pytest.mark.parametrize("probes", [{"_is_amx_tile_supported"}, {"_is_avx512_bf16_supported"}, set()], ids=str)
def test_bfloat16_of_a_cpu_by_its_instructions(probes, monkeypatch):
    for probe in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, probe, lambda probe=probe: probe in probes, raising=False)
    assert precision.has_native_bfloat16.__wrapped__("cpu") is bool(probes)
    assert not precision.has_native_bfloat16.__wrapped__("mps")


def test_without_the_probes_of_newer_torch_there_is_no_bfloat16(monkeypatch):
    for probe in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.delattr(torch.cpu, probe, raising=False)
    assert not precision.has_native_bfloat16.__wrapped__("cpu")


@pytest.mark.parametrize("setting", ["fp8", "", "BF16"])
def test_an_unknown_precision_is_refused(setting):
    with pytest.raises(SpanwrightError, match=rf"precision: '{setting}'.*auto, bf16, fp16, fp32"):
        check_precision(setting)
