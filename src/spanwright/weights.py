"""Weights and settings of torch modules, as bytes that run no code when they are read."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import safetensors.torch
import srsly
from safetensors import SafetensorError
from torch import Tensor, nn

from spanwright.errors import Errors, SpanwrightError

SETTINGS = "settings"  # the key of the header under which they stand
HEADER_LENGTH = struct.Struct("<Q")


def pack(settings: Mapping[str, Any], weights: Mapping[str, Tensor]) -> bytes:
    """Serialise `weights`, contiguous and on the CPU, as safetensors, with `settings`, which fit in JSON, in the header."""
    return safetensors.torch.save(dict(weights), metadata={SETTINGS: srsly.json_dumps(settings, sort_keys=True)})


def unpack(data: bytes, *, source: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the settings and the weights that `pack` serialised. Raises SpanwrightError that names `source`."""
    start = HEADER_LENGTH.size
    try:
        # the library reads the header of files only: 8 bytes for its length, then JSON
        (length,) = HEADER_LENGTH.unpack(data[:start])
        settings = srsly.json_loads(srsly.json_loads(data[start : start + length])["__metadata__"][SETTINGS])
        return settings, safetensors.torch.load(data)
    except (struct.error, ValueError, TypeError, KeyError, SafetensorError) as error:
        raise SpanwrightError(Errors.S215.format(source=source)) from error


def load_weights(module: nn.Module, weights: Mapping[str, Tensor], *, source: str) -> None:
    """Put `weights` in the place of those of `module`, in the module's own types, without a copy where the types agree.

    Raises SpanwrightError that names `source` and the weights at fault when names or shapes differ, or a value is not finite.
    """
    own = module.state_dict()
    missing, unexpected = sorted(own.keys() - weights.keys()), sorted(weights.keys() - own.keys())
    if missing or unexpected:
        raise SpanwrightError(Errors.S204.format(source=source, missing=listed(missing), unexpected=listed(unexpected)))
    misshapen = [name for name in own if own[name].shape != weights[name].shape]
    if misshapen:
        raise SpanwrightError(Errors.S205.format(source=source, names=listed(misshapen)))
    check_finite(weights, source=source)
    module.load_state_dict({name: tensor.to(own[name].dtype) for name, tensor in weights.items()}, assign=True)


def check_finite(weights: Mapping[str, Tensor], *, source: str) -> None:
    """Raise SpanwrightError that names `source` and those of `weights` that hold NaN or infinity."""
    broken = [name for name, tensor in weights.items() if not tensor.isfinite().all()]
    if broken:
        raise SpanwrightError(Errors.S206.format(source=source, names=listed(broken)))


def listed(names: list[str], limit: int = 5) -> str:
    """Return the first names, separated by commas, and how many more there are."""
    shown = ", ".join(names[:limit]) or "none"
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "")
