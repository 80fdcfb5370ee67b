"""The settings of how an encoder runs, shared by every model that has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thinc.api import get_torch_default_device

from spanwright.encoder.freezing import check_freeze
from spanwright.encoder.loading import RunSettings
from spanwright.precision import autocast_dtype
from spanwright.shim import TorchShim

SMALLEST_WINDOW = 8
ATTENTIONS = ("sdpa", "eager")
HALF_PRECISION_MULTIPLE = 16

Check = Callable[[str, Any, bool, str], None]


def build_run_settings(
    check: Check,
    *,
    window: int | None,
    attention: str,
    pad_to_multiple_of: int | None,
    dropout: float | None,
    attention_dropout: float | None,
    gradient_checkpointing: bool,
    freeze: str | int,
) -> RunSettings:
    """Return the settings as the encoder takes them; `spanwright.encoder.model.build_transformer` explains each.

    check: called with a setting's name, its value, whether that is allowed, and what is; raises where it is not.
    """
    check("window", window, window is None or window >= SMALLEST_WINDOW, f"at least {SMALLEST_WINDOW}, or null")
    check("attention", attention, attention in ATTENTIONS, ", ".join(ATTENTIONS))
    multiple = pad_to_multiple_of
    check("pad_to_multiple_of", multiple, multiple is None or multiple >= 1, "1 or more, or null")
    for setting, rate in (("dropout", dropout), ("attention_dropout", attention_dropout)):
        check(setting, rate, rate is None or 0 <= rate < 1, "at least 0 and below 1, or null")
    check_freeze(freeze)
    if attention_dropout is None and get_torch_default_device().type == "cpu":
        attention_dropout = 0.0
    return RunSettings(dropout, attention_dropout, attention, gradient_checkpointing, freeze)


def padding_multiple(shim: TorchShim, pad_to_multiple_of: int | None) -> int:
    """Return what the lengths of windows are padded to a multiple of."""
    in_half = autocast_dtype(shim.precision, shim.device) is not None
    return pad_to_multiple_of or (HALF_PRECISION_MULTIPLE if in_half else 1)
