"""The lower and the upper layers of an encoder, as modules of their own that share its parameters."""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor, nn
from transformers import PretrainedConfig

from spanwright.encoder.freezing import LAYER

# a stack of like layers between embeddings and output, nothing else; tested one by one
DIVISIBLE = ("bert", "camembert", "distilbert", "electra", "mpnet", "roberta", "xlm-roberta")
# these take positions, and a mask for each pair of pieces, as their inputs
PACKABLE = ("bert", "camembert", "electra", "roberta", "xlm-roberta")


def is_divisible(config: PretrainedConfig) -> bool:
    """Whether `divide_layers` knows the architecture."""
    return config.model_type in DIVISIBLE


def is_packable(config: PretrainedConfig) -> bool:
    """Whether several windows fit into one row, each with positions of its own and blind to the others."""
    return config.model_type in PACKABLE and getattr(config, "position_embedding_type", "absolute") == "absolute"


def divide_layers(transformer: nn.Module, n_lower: int) -> tuple[nn.Module, nn.Module]:
    """Return the embeddings with the first `n_lower` layers, and the layers above them.

    The lower part takes what the transformer takes; what it gives as the last hidden state, the upper part takes as
    `inputs_embeds`. Parameters are shared, the modules around them are not: they are no part of the transformer's state.
    """
    path, layers = next(
        (name.split("."), module)
        for name, module in transformer.named_modules()
        if isinstance(module, nn.ModuleList) and LAYER.search(f"{name}.0.")
    )
    lower = _replaced(transformer, path, layers[:n_lower])
    upper = _replaced(transformer, path, layers[n_lower:])
    upper = _replaced(upper, ["embeddings"], _Given())
    if hasattr(upper, "embeddings_project"):  # ELECTRA's, from narrow embeddings to the layers' width
        upper = _replaced(upper, ["embeddings_project"], nn.Identity())
    return lower, upper


class _Given(nn.Module):
    """Stands where embeddings are computed, and passes on what is given instead."""

    def forward(self, input_ids: None = None, inputs_embeds: Tensor | None = None, **_: Any) -> Tensor | None:
        return inputs_embeds


def _replaced(module: nn.Module, path: list[str], new: nn.Module) -> nn.Module:
    """Return a shallow copy of a module in which the submodule at `path` is `new`."""
    name, *rest = path
    view = copy.copy(module)
    view._modules = dict(module._modules)
    view._modules[name] = _replaced(module.get_submodule(name), rest, new) if rest else new
    return view
