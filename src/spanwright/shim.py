"""The bridge between thinc and torch: one shim for the encoder and for every head."""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

import torch
from thinc.api import Model, get_torch_default_device, torch2xp, xp2torch
from thinc.shims import Shim
from thinc.types import ArgsKwargs, Floats2d, FloatsXd
from torch import Tensor, nn
from transformers.modeling_utils import no_init_weights

from spanwright.errors import Errors, SpanwrightError
from spanwright.packed_linear import Bfloat16Linear, Int8Linear, pack_in_prediction
from spanwright.precision import autocast_dtype, check_precision
from spanwright.weights import listed, load_weights, pack, unpack

# OpenMP's threads do not survive a fork, and whatever waits for them hangs: nlp.pipe(n_process=2) would. One thread waits
# for none, and is what the workers of torch's own DataLoader have.
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))

SAVED = "the saved pipeline"  # in messages

Storage = Literal["float32", "float16", "bfloat16"]
Role = Literal["encoder", "head"]
Backprop = Callable[[ArgsKwargs], ArgsKwargs]


class TorchShim(Shim):
    """Run a torch module inside a thinc Model.

    Unlike thinc's own PyTorchShim it computes under autocast wherever the device gains from it, hands the module as a whole to
    the optimizer (`spanwright.AdamW.v1` steps it once; any other thinc optimizer is called per parameter), and stores
    weights as safetensors, so that loading them runs no code.

    build: makes the module from keyword settings that fit in JSON; they are stored with the weights.
    precision: see `spanwright.precision`.
    storage: the type that floating-point weights have on disk. The half precisions halve the package.
    role: tells the optimizer which learning rate is meant.
    """

    def __init__(
        self,
        build: Callable[..., nn.Module],
        *,
        precision: str = "auto",
        storage: str = "float32",
        role: Role = "head",
    ) -> None:
        check_precision(precision)
        if storage not in get_args(Storage):
            raise SpanwrightError(Errors.S202.format(found=storage, allowed=", ".join(get_args(Storage))))
        super().__init__(None)
        self.build = build
        self.precision = precision
        self.storage = storage
        self.role = role
        # of the last step, before clipping, where the optimizer tells it
        self.gradient_norm: Tensor | None = None
        self._derived: list[Any] = []
        self._is_training: bool | None = None
        # float16 has too few exponent bits for small gradients: its losses are scaled up, and its gradients down again
        self.scaler = torch.amp.GradScaler(get_torch_default_device().type, enabled=precision == "fp16")

    @property
    def module(self) -> nn.Module:
        """The torch module. Raises SpanwrightError before `initialize` or `from_bytes`."""
        if self._model is None:
            raise SpanwrightError(Errors.S203)
        return self._model

    @property
    def is_initialized(self) -> bool:
        return self._model is not None

    @property
    def device(self) -> torch.device:
        return next(self.module.parameters()).device

    def initialize(self, *, module: nn.Module | None = None, **settings: Any) -> nn.Module:
        """Build the module from `settings` on the current device, or take a `module` that was built from them elsewhere."""
        self.cfg = settings
        # what from_pretrained gives is in evaluation mode, whatever the mode of the module around it
        self._model = (module or self.build(**settings)).to(get_torch_default_device()).train()
        if packed := {"int8": Int8Linear, "auto": Bfloat16Linear, "bf16": Bfloat16Linear}.get(self.precision):
            pack_in_prediction(self._model, packed)
        # torch's fused optimizers leave no trace on the weights they step: who keeps what depends on weights is told
        self._derived = [part for part in self._model.modules() if hasattr(part, "forget")]
        return self._model

    def __call__(self, inputs: ArgsKwargs, is_train: bool) -> tuple[Any, Backprop]:
        return self.begin_update(inputs) if is_train else (self.predict(inputs), _no_backprop)

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Run the module in evaluation mode, without gradients."""
        module = self._in_mode(is_train=False)
        with torch.no_grad(), self._autocast(is_train=False):
            return module(*inputs.args, **inputs.kwargs)

    def begin_update(self, inputs: ArgsKwargs) -> tuple[Any, Backprop]:
        """Run the module in training mode; return its output and the callback for the backward pass.

        The callback takes what `torch.autograd.backward` takes: the output tensors as argument, their gradients as
        `grad_tensors`. It leaves gradients in the parameters and returns the inputs' gradients in place of the inputs.
        """
        module = self._in_mode(is_train=True)
        with self._autocast(is_train=True):
            outputs = module(*inputs.args, **inputs.kwargs)

        def backprop(grads: ArgsKwargs) -> ArgsKwargs:
            tensors = [tensor for tensor in grads.args[0] if tensor.requires_grad]
            if tensors:
                # what is computed anew is computed as it was, though something may have predicted since
                self._in_mode(is_train=True)
                pairs = zip(grads.args[0], grads.kwargs["grad_tensors"], strict=True)
                gradients = [self.scaler.scale(gradient) for tensor, gradient in pairs if tensor.requires_grad]
                torch.autograd.backward(tensors, grad_tensors=gradients)
            scale = self.scaler.get_scale()
            return ArgsKwargs(
                args=tuple(_gradient_of(value, scale) for value in inputs.args),
                kwargs={name: _gradient_of(value, scale) for name, value in inputs.kwargs.items()},
            )

        return outputs, backprop

    def finish_update(self, optimizer: Any) -> None:
        """Step the module's parameters by their gradients and clear these. Overflow in float16 skips the step."""
        for part in self._derived:
            part.forget()
        if hasattr(optimizer, "step_module"):
            optimizer.step_module(self)
            return
        scale = self.scaler.get_scale()
        gradients = {name: p.grad for name, p in self.module.named_parameters() if p.grad is not None}
        self.module.zero_grad(set_to_none=True)
        if self.scaler.is_enabled() and not all(gradient.isfinite().all() for gradient in gradients.values()):
            self.scaler.update(scale * self.scaler.get_backoff_factor())
            return
        for name, gradient in gradients.items():
            parameter = self.module.get_parameter(name)
            stepped, _ = optimizer((self.id, name), torch2xp(parameter.data), torch2xp(gradient / scale))
            parameter.data = xp2torch(stepped, device=parameter.device)

    @contextlib.contextmanager
    def use_params(self, params: Mapping[tuple[int, str], FloatsXd | Tensor]) -> Iterator[None]:
        """Compute with other parameters inside the block, such as the averages an optimizer keeps under `(shim.id, name)`."""
        replaced: dict[str, Tensor] = {}
        parameters = dict(self._model.named_parameters()) if self._model is not None else {}
        for name, parameter in parameters.items():
            if (other := params.get((self.id, name))) is not None:
                replaced[name] = parameter.data
                tensor = other if isinstance(other, Tensor) else xp2torch(other)
                parameter.data = tensor.to(parameter.device)
        try:
            yield
        finally:
            for name, data in replaced.items():
                parameters[name].data = data

    def to_device(self, device_type: str, device_id: int) -> None:
        if self._model is not None:
            self._model.to("cpu" if device_type == "cpu" else f"cuda:{device_id}")

    def to_bytes(self) -> bytes:
        """Serialise weights as safetensors, with the settings in its header. A shim never initialised gives no bytes."""
        if self._model is None:
            return b""
        dtype = getattr(torch, self.storage)
        weights = {
            name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).cpu().contiguous()
            for name, tensor in self._model.state_dict().items()
        }
        too_large = [name for name, tensor in weights.items() if not tensor.isfinite().all()]
        if too_large and self.storage == "float16":
            raise SpanwrightError(Errors.S212.format(storage=self.storage, names=listed(too_large)))
        return pack(self.cfg, weights)

    def from_bytes(self, data: bytes) -> TorchShim:
        """Build the module that `to_bytes` stored, on the current device.

        Raises SpanwrightError for bytes that hold no such module, for weights whose names or shapes do not fit it, and for
        weights that are not finite.
        """
        if data:
            settings, weights = unpack(data, source=SAVED)
            with no_init_weights():
                module = self.build(**settings)
            load_weights(module, weights, source=SAVED)
            self.initialize(module=module, **settings)
            self._in_mode(is_train=False)
        return self

    def copy(self) -> TorchShim:
        """Copy the shim, as thinc does for components that no longer share it. The copy's id is its own: under it, optimizers
        keep what belongs to its weights.
        """
        copied = copy.deepcopy(self)
        with Shim.global_id_lock:
            Shim.global_id += 1
            copied.id = Shim.global_id
        return copied

    def _in_mode(self, *, is_train: bool) -> nn.Module:
        # a module sets the mode of all in it one by one, its own flag first: that is felt in small batches, and another
        # thread may look in between
        if self._is_training is not is_train or self.module.training is not is_train:
            self.module.train(is_train)
            self._is_training = is_train
        return self.module

    def _autocast(self, *, is_train: bool) -> torch.autocast:
        device = self.device
        in_8_bits = self.precision == "int8" and device.type == "cpu" and not is_train
        dtype = None if in_8_bits else autocast_dtype(self.precision, device)
        return torch.autocast(device.type, dtype=dtype, enabled=dtype is not None)


def to_tensor(model: Model[Any, Any], vectors: Sequence[Floats2d], *, width: int, requires_grad: bool) -> Tensor:
    """Return the rows (rows, width) of all arrays as one tensor, on the device of the model's module: what thinc takes for the
    current device is another one in a thread that did not choose it. Arrays without rows may have any width.
    """
    flat = model.ops.xp.concatenate([model.ops.alloc2f(0, width), *filter(len, vectors)])
    return xp2torch(flat, requires_grad=requires_grad, device=model.shims[0].device)


def _gradient_of(value: Any, scale: float) -> Any:
    if isinstance(value, Tensor) and value.grad is not None:
        return value.grad / scale if scale != 1.0 else value.grad
    return value


def _no_backprop(grads: ArgsKwargs) -> ArgsKwargs:
    return grads
