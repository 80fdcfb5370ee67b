"""The number format a torch module computes in: float32, a half precision under autocast, or 8 bits in prediction."""

from __future__ import annotations

import functools
from typing import Literal, get_args

import torch

from spanwright.errors import Errors, SpanwrightError

Precision = Literal["auto", "bf16", "fp16", "fp32", "int8"]


def check_precision(precision: str) -> None:
    """Raise SpanwrightError unless `precision` is one of `Precision`."""
    if precision not in get_args(Precision):
        raise SpanwrightError(Errors.S201.format(found=precision, allowed=", ".join(get_args(Precision))))


def autocast_dtype(precision: str, device: torch.device) -> torch.dtype | None:
    """Return the type that autocast computes in on `device`, or None for plain float32.

    "auto" takes bfloat16 where the device has instructions for it (Ampere and newer, AMX, AVX512-BF16): emulated, it is
    twenty times slower than float32. "int8" is "auto" wherever products are not those of `spanwright.packed_linear`.
    """
    if precision in ("auto", "int8"):
        return torch.bfloat16 if has_native_bfloat16(device.type) else None
    return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": None}[precision]


@functools.cache
def has_native_bfloat16(device_type: str) -> bool:
    """Whether the current device of this type ("cpu", "cuda") multiplies bfloat16 matrices in hardware."""
    if device_type == "cuda":
        return torch.cuda.get_device_capability() >= (8, 0)
    if device_type == "cpu":
        # older releases of torch lack these two; without them, float32 is the safe answer
        probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, probe, lambda: False)() for probe in probes)
    return False
