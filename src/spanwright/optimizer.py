"""`spanwright.AdamW.v1`: one AdamW for a pipeline's torch modules, stepped whole, and for its thinc parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from thinc.api import Optimizer, get_array_module
from thinc.types import FloatsXd
from torch import Tensor, nn

from spanwright.encoder.freezing import count_layers, is_embedding, layer_of
from spanwright.errors import Errors, SpanwrightError

if TYPE_CHECKING:
    from spanwright.shim import TorchShim

Rate = float | list[float] | Iterator[float]
LEAST_SCALE = 1e-4  # of losses in float16, as in fairseq
BIASES = ("b", "pad")  # what thinc's layers call them; those of a maxout layer have two dimensions


class _Stepped(NamedTuple):
    module: nn.Module
    optimizer: torch.optim.AdamW


class AdamW(Optimizer):
    """AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019), as in `torch.optim.AdamW`.

    Torch modules behind a `TorchShim` are stepped by torch's fused AdamW, one call per module; thinc parameters by the same
    rule. The norm of a gradient is taken over a whole module (over one parameter for thinc's).
    """

    def __init__(
        self,
        learn_rate: Rate,
        *,
        weight_decay: float,
        beta1: float,
        beta2: float,
        eps: float,
        grad_clip: float | None,
        head_factor: float,
        layer_decay: float,
        average_decay: float | None,
    ) -> None:
        super().__init__(
            learn_rate,
            L2=weight_decay,
            beta1=beta1,
            beta2=beta2,
            eps=eps,
            grad_clip=grad_clip or 0.0,
            use_averages=average_decay is not None,
        )
        self.head_factor = head_factor
        self.layer_decay = layer_decay
        self.average_decay = average_decay
        self._stepped: dict[int, _Stepped] = {}

    def step_module(self, shim: TorchShim) -> None:
        """Step every parameter of the shim's module that has a gradient, and clear the gradients.

        Under float16 a step whose gradients overflowed is skipped and the loss scale lowered, down to `LEAST_SCALE`: what
        overflows still is not finite. That, and in any other precision each gradient that is not finite, raises
        SpanwrightError before a weight changes.
        """
        stepper = self._stepper_of(shim)
        if stepper is None:
            return
        parameters = [p for group in stepper.param_groups for p in group["params"] if p.grad is not None]
        if not parameters:
            return
        for group in stepper.param_groups:
            group["lr"] = self.learn_rate * group["factor"]
        shim.scaler.unscale_(stepper)
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.grad_clip or math.inf)
        if not shim.scaler.is_enabled() and not norm.isfinite():
            raise SpanwrightError(Errors.S211.format(part=shim.role, learn_rate=self.learn_rate))
        shim.gradient_norm = norm
        shim.scaler.step(stepper)
        shim.scaler.update()
        if shim.scaler.is_enabled() and shim.scaler.get_scale() < LEAST_SCALE:
            raise SpanwrightError(Errors.S211.format(part=shim.role, learn_rate=self.learn_rate))
        stepper.zero_grad(set_to_none=True)
        self._average(shim)

    def __call__(
        self, key: tuple[int, str], weights: FloatsXd, gradient: FloatsXd, *, lr_scale: float = 1.0
    ) -> tuple[FloatsXd, FloatsXd]:
        """Step one thinc parameter, and clear the gradient: thinc adds the next one to the array itself. Returns both."""
        xp = get_array_module(weights)
        self.nr_update[key] += 1
        step = self.nr_update[key]
        norm = float(xp.linalg.norm(gradient))
        if not math.isfinite(norm):
            raise SpanwrightError(Errors.S211.format(part=key[1], learn_rate=self.learn_rate))
        if self.grad_clip and norm > self.grad_clip:
            gradient *= self.grad_clip / (norm + 1e-6)
        mean = self.mom1[key] = self.mom1.get(key, 0.0) * self.b1 + (1 - self.b1) * gradient
        square = self.mom2[key] = self.mom2.get(key, 0.0) * self.b2 + (1 - self.b2) * gradient**2
        rate = self.learn_rate * self.head_factor * lr_scale
        if weights.ndim > 1 and key[1] not in BIASES:
            weights -= rate * self.L2 * weights
        denominator = xp.sqrt(square / (1 - self.b2**step)) + self.eps
        weights -= rate * (mean / (1 - self.b1**step)) / denominator
        if self.averages is not None:
            if key not in self.averages:
                self.averages[key] = weights.copy()
            average = self.averages[key]
            average += (1 - self._decay_at(step)) * (weights - average)
        gradient.fill(0)
        return weights, gradient

    def _stepper_of(self, shim: TorchShim) -> torch.optim.AdamW | None:
        """Return what steps the shim's module, made when it first has a gradient; None before that."""
        stepped = self._stepped.get(shim.id)
        # a shim that loads a pipeline gets another module: the optimizer of the former one would step nothing
        if stepped is None or stepped.module is not shim.module:
            if all(parameter.grad is None for parameter in shim.module.parameters()):
                return None
            stepped = self._stepped[shim.id] = _Stepped(shim.module, self._optimizer_for(shim))
        return stepped.optimizer

    def _optimizer_for(self, shim: TorchShim) -> torch.optim.AdamW:
        n_layers = count_layers(shim.module)
        groups: dict[tuple[float, float], list[Tensor]] = {}
        for name, parameter in shim.module.named_parameters():
            if parameter.requires_grad:
                # biases and norms are one-dimensional; decaying them towards zero has no meaning
                decay = self.L2 if parameter.ndim > 1 else 0.0
                groups.setdefault((self._factor(shim, name, n_layers), decay), []).append(parameter)
        return torch.optim.AdamW(
            [{"params": params, "factor": factor, "weight_decay": decay} for (factor, decay), params in groups.items()],
            lr=self.learn_rate,
            betas=(self.b1, self.b2),
            eps=self.eps,
            fused=True,
        )

    def _factor(self, shim: TorchShim, name: str, n_layers: int) -> float:
        # an encoder that is not shared keeps its head in the same module, under the name `head`
        if shim.role == "head" or name.startswith("head."):
            return self.head_factor
        layer = layer_of(name)
        if layer is None:  # the embeddings lie below the first layer, a last norm above the last one
            layer = -1 if is_embedding(name) else n_layers - 1
        return self.layer_decay ** (n_layers - 1 - layer)

    def _average(self, shim: TorchShim) -> None:
        if self.averages is None:
            return
        self.nr_update[(shim.id, "")] += 1
        weight = 1 - self._decay_at(self.nr_update[(shim.id, "")])
        averages, values = [], []
        for name, parameter in shim.module.named_parameters():
            if parameter.requires_grad:
                if (shim.id, name) not in self.averages:
                    self.averages[shim.id, name] = parameter.detach().clone()
                averages.append(self.averages[shim.id, name])
                values.append(parameter.detach())
        torch._foreach_lerp_(averages, values, weight)

    def _decay_at(self, step: int) -> float:
        # the average forgets where training began: short at first, `average_decay` in the long run
        assert self.average_decay is not None
        return min(self.average_decay, (1 + step) / (10 + step))


def build_adamw(
    learn_rate: Rate = 2e-4,
    weight_decay: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    grad_clip: float | None = 1.0,
    head_factor: float = 1.0,
    layer_decay: float = 1.0,
    average_decay: float | None = None,
) -> AdamW:
    """Build the optimizer `spanwright.AdamW.v1`.

    learn_rate: a number or a schedule.
    weight_decay: decoupled decay of matrices; biases and norms are left alone.
    grad_clip: largest norm of a module's gradient. None = no limit.
    head_factor: the heads' learning rate as a multiple of `learn_rate`.
    layer_decay: each encoder layer learns at `layer_decay` times the rate of the layer above it. 1 = all alike.
    average_decay: evaluate and save exponential moving averages of the weights with this decay. None = no averages.

    Raises SpanwrightError for a setting out of its range.
    """
    _check("weight_decay", weight_decay, lambda x: x >= 0, "0 or more")
    _check("beta1", beta1, lambda x: 0 <= x < 1, "at least 0 and below 1")
    _check("beta2", beta2, lambda x: 0 <= x < 1, "at least 0 and below 1")
    _check("eps", eps, lambda x: x > 0, "above 0")
    _check("grad_clip", grad_clip, lambda x: x is None or x > 0, "above 0, or null for no limit")
    _check("head_factor", head_factor, lambda x: x > 0, "above 0")
    _check("layer_decay", layer_decay, lambda x: 0 < x <= 1, "above 0 and at most 1")
    _check("average_decay", average_decay, lambda x: x is None or 0 < x < 1, "between 0 and 1, or null for no averages")
    if isinstance(learn_rate, int | float):
        _check("learn_rate", learn_rate, lambda x: x > 0, "above 0")
    return AdamW(
        learn_rate,
        weight_decay=weight_decay,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        grad_clip=grad_clip,
        head_factor=head_factor,
        layer_decay=layer_decay,
        average_decay=average_decay,
    )


def _check(setting: str, value: Any, is_allowed: Callable[[Any], bool], allowed: str) -> None:
    if not is_allowed(value):
        raise SpanwrightError(Errors.S210.format(setting=f"training.optimizer.{setting}", found=value, allowed=allowed))
