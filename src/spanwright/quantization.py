"""Linear layers that predict in 8 bits on a CPU; they train, and are saved, in floating point like any other."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn

# narrower products are too cheap to gain
NARROWEST = 64


class Int8Linear(nn.Linear):
    """A linear layer whose products in prediction on a CPU are those of 8-bit integers.

    Weights are rounded once for each output, symmetrically; inputs are rounded at each call, by their range (dynamic
    quantisation: Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference",
    2018).
    """

    _packed: Any
    _packed_from: tuple[int, int] | None

    def forward(self, inputs: Tensor) -> Tensor:
        """Take and return float32 `(..., features)`."""
        if self.training or not inputs.is_cpu:
            return super().forward(inputs)
        # rounded anew when the weights were loaded or replaced by their averages, and by `forget` when they were stepped
        version = (self.weight.data_ptr(), self.weight._version)
        if getattr(self, "_packed_from", None) != version:
            self._packed, self._packed_from = _pack(self.weight.detach(), self.bias), version
        # the range of inputs is halved: processors without VNNI add up pairs of products in 16 bits
        return torch.ops.quantized.linear_dynamic(inputs, self._packed, reduce_range=True)

    def forget(self) -> None:
        """Round the weights anew: they have changed."""
        self._packed_from = None


def quantize_in_prediction(module: nn.Module) -> None:
    """Make all linear layers of a module that are wide enough to gain from it into `Int8Linear`."""
    for part in module.modules():
        if type(part) is nn.Linear and min(part.weight.shape) >= NARROWEST:
            part.__class__ = Int8Linear


def _pack(weight: Tensor, bias: Tensor | None) -> Any:
    scales = weight.abs().amax(dim=1).clamp(min=torch.finfo(torch.float32).tiny) / 127
    zeros = torch.zeros(len(scales), dtype=torch.long)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch is to drop this type one day; pyproject.toml bounds its version
        rounded = torch.quantize_per_channel(weight.float(), scales, zeros, axis=0, dtype=torch.qint8)
    return torch.ops.quantized.linear_prepack(rounded, None if bias is None else bias.detach().float())
