"""Dropout that costs a CPU half as much: torch draws a number for each value, and this one for each four."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 -- its usual name
from thinc.api import Model
from torch import Tensor, nn

from spanwright.config_settings import ConfigSettings

LEVELS = 1 << 16
PER_DRAW = 4  # levels in 64 bits


def drop(values: Tensor, rate: float) -> Tensor:
    """Set values to 0 with probability `rate`, to within 1 / 65,536, and scale the others by 1 / (1 - rate)."""
    if not values.is_cpu or rate in (0, 1):
        return F.dropout(values, rate)
    count = values.numel()
    bits = torch.empty(-(-count // PER_DRAW), dtype=torch.int64).random_(-(1 << 63), None)
    levels = bits.view(torch.int16)[:count].view(values.shape)
    kept = levels >= round(rate * LEVELS) - LEVELS // 2
    return values * (kept * (1 / (1 - rate))).to(values.dtype)


class Dropout(nn.Dropout):
    """`nn.Dropout` by `drop`."""

    def forward(self, values: Tensor) -> Tensor:
        """Take and return floating-point values of any shape."""
        return drop(values, self.p) if self.training else values


def replace_dropout(module: nn.Module) -> None:
    """Make every `nn.Dropout` inside a module a `Dropout`."""
    for part in module.modules():
        if type(part) is nn.Dropout:
            part.__class__ = Dropout


def dropout_settings(rate: float | None) -> dict[str, Any]:
    """Return the attributes of a thinc model that `dropout_of` reads. None = the rate that training.dropout gives to all."""
    # training.dropout sets the attribute of this name
    return {"settings": ConfigSettings(dropout=rate), "dropout_rate": 0.0}


def dropout_of(model: Model[Any, Any]) -> float:
    """Return the rate of dropout that a model is to train with."""
    own = model.attrs["settings"]["dropout"]
    return model.attrs["dropout_rate"] if own is None else own
