"""`spanwright.Pooler.v1`: the layer that sequence-classification checkpoints have between encoder and labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Model, chain, torch2xp, xp2torch
from thinc.types import ArgsKwargs, Floats2d
from thinc.util import get_width
from torch import Tensor, nn

from spanwright.config_settings import check_setting
from spanwright.shim import TorchShim, to_tensor

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": nn.functional.gelu,
    "relu": torch.relu,
    "tanh": torch.tanh,
}


class Pooler(nn.Module):
    """A linear layer and an activation; vectors stay as wide as they are."""

    def __init__(self, *, width: int, activation: str) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.activation = ACTIVATIONS[activation]

    def forward(self, vectors: Tensor) -> Tensor:
        """Take and return `(parts, width)`."""
        return self.activation(self.dense(vectors))


def build_pooler(
    tok2vec: Model[list[Doc], list[Floats2d]], activation: str = "tanh"
) -> Model[list[Doc], list[Floats2d]]:
    """Build the model `spanwright.Pooler.v1`.

    tok2vec: gives the vectors of a text's parts, such as `spanwright.WindowListener.v1`.
    activation: gelu, relu or tanh.

    Raises SpanwrightError for another activation.
    """
    is_known, known = activation in ACTIVATIONS, ", ".join(ACTIVATIONS)
    check_setting("text_classifier.model.tok2vec", "activation", activation, is_known, known)
    pooler: Model[list[Floats2d], list[Floats2d]] = Model(
        "pooler",
        forward,
        init=_initialize,
        shims=[TorchShim(Pooler, precision="fp32")],
        dims={"nO": None},
        attrs={"activation": activation},
    )
    model: Model[list[Doc], list[Floats2d]] = chain(tok2vec, pooler)
    model.set_ref("pooler", pooler)
    return model


def forward(
    model: Model[list[Floats2d], list[Floats2d]], vectors: list[Floats2d], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Floats2d]]]:
    """Transform the vectors (parts, width) of each text. Without parts, width may be anything."""
    lengths = model.ops.asarray1i(np.array([len(parts) for parts in vectors], dtype=np.int64))
    parts = to_tensor(model, vectors, width=model.get_dim("nO"), requires_grad=is_train)
    outputs, backprop = model.shims[0](ArgsKwargs(args=(parts,), kwargs={}), is_train)

    def backprop_vectors(d_outputs: list[Floats2d]) -> list[Floats2d]:
        gradient = xp2torch(model.ops.flatten(d_outputs), device=outputs.device)
        d_inputs = backprop(ArgsKwargs(args=((outputs,),), kwargs={"grad_tensors": (gradient,)}))
        return model.ops.unflatten(torch2xp(d_inputs.args[0]), lengths)

    return model.ops.unflatten(torch2xp(outputs.detach()), lengths), backprop_vectors


def _initialize(model: Model[list[Floats2d], list[Floats2d]], X: list[Floats2d] | None = None, Y: Any = None) -> None:
    if X is None:
        return
    model.set_dim("nO", get_width(X))
    model.shims[0].initialize(width=model.get_dim("nO"), activation=model.attrs["activation"])
