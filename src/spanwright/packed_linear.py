"""Linear layers that predict on a CPU with packed weights, in 8 bits or bfloat16; they train, and are saved, like any other."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import torch
from torch import Tensor, nn

# narrower products are too cheap to gain
NARROWEST = 64


class PackedLinear(nn.Linear):
    """A linear layer that keeps its weights in the layout in which a processor's matrix products are fastest."""

    _packed: tuple[tuple[int, int], Any] | None = None  # with the version of the weights that it was made from

    def forward(self, inputs: Tensor) -> Tensor:
        """Take and return `(..., features)`."""
        if self.training or not inputs.is_cpu or not self.takes_packed():
            return super().forward(inputs)
        # packed anew when the weights were loaded or replaced by their averages, and by `forget` when they were stepped
        version = (self.weight.data_ptr(), self.weight._version)
        packed = self._packed
        if packed is None or packed[0] != version:
            self._packed = packed = (version, self.pack(self.weight.detach()))
        return self.multiply(inputs, packed[1])

    def takes_packed(self) -> bool:
        """Whether products may be those of packed weights now."""
        raise NotImplementedError

    def pack(self, weight: Tensor) -> Any:
        raise NotImplementedError

    def multiply(self, inputs: Tensor, packed: Any) -> Tensor:
        raise NotImplementedError

    def forget(self) -> None:
        """Pack the weights anew: they have changed."""
        if self.weight.requires_grad:
            self._packed = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_packed"}


class Int8Linear(PackedLinear):
    """Products of 8-bit integers: weights are rounded once for each output, symmetrically; inputs are rounded at each call, by
    their range (dynamic quantisation: Jacob et al., "Quantization and training of neural networks for efficient
    integer-arithmetic-only inference", 2018).
    """

    def takes_packed(self) -> bool:
        return True

    def pack(self, weight: Tensor) -> Any:
        scales = weight.abs().amax(dim=1).clamp(min=torch.finfo(torch.float32).tiny) / 127
        zeros = torch.zeros(len(scales), dtype=torch.long)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch is to drop this type one day; pyproject.toml bounds its version
            rounded = torch.quantize_per_channel(weight.float(), scales, zeros, axis=0, dtype=torch.qint8)
        return torch.ops.quantized.linear_prepack(rounded, None if self.bias is None else self.bias.detach().float())

    def multiply(self, inputs: Tensor, packed: Any) -> Tensor:
        # the range of inputs is halved: processors without VNNI add up pairs of products in 16 bits
        return torch.ops.quantized.linear_dynamic(inputs, packed, reduce_range=True)


class Bfloat16Linear(PackedLinear):
    """Products in bfloat16 wherever autocast would have them: weights are cast and packed once, and not at each call, and
    the bias is added within the product.
    """

    def takes_packed(self) -> bool:
        in_bfloat16 = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") is torch.bfloat16
        return in_bfloat16 and not torch.is_grad_enabled() and can_pack_bfloat16()

    def pack(self, weight: Tensor) -> Any:
        return _pack_bfloat16(weight), None if self.bias is None else self.bias.detach().bfloat16()

    def multiply(self, inputs: Tensor, packed: Any) -> Tensor:
        return _multiply_bfloat16(inputs, *packed)


def pack_in_prediction(module: nn.Module, packed: type[PackedLinear]) -> None:
    """Make all linear layers of a module that are wide enough to gain from it into `packed` ones."""
    for part in module.modules():
        if type(part) is nn.Linear and min(part.weight.shape) >= NARROWEST:
            part.__class__ = packed


@functools.cache
def can_pack_bfloat16() -> bool:
    """Whether this torch has oneDNN's products of packed weights: they are its compiler's, and no public function."""
    try:
        _multiply_bfloat16(torch.zeros(2, NARROWEST), _pack_bfloat16(torch.zeros(NARROWEST, NARROWEST)), None)
    except (AttributeError, NotImplementedError, RuntimeError):
        return False
    return True


def _pack_bfloat16(weight: Tensor) -> Tensor:
    return torch.ops.mkldnn._reorder_linear_weight(weight.bfloat16().contiguous())


def _multiply_bfloat16(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return torch.ops.mkldnn._linear_pointwise(inputs.bfloat16(), weight, bias, "none", [], "")
