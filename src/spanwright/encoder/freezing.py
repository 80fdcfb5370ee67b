"""Which parameters of an encoder train, told from their names."""

from __future__ import annotations

import re

from torch import nn

from spanwright.errors import Errors, SpanwrightError

LAYER = re.compile(r"(?:^|\.)layers?\.(\d+)\.")
# projections of embeddings (ELECTRA, ALBERT) and what every layer takes of relative positions (DeBERTa, MPNet) count too
EMBEDDING = re.compile(r"embedding|relative_attention_bias|encoder\.LayerNorm")


def layer_of(name: str) -> int | None:
    """Return the number of the layer, from 0 at the bottom, that a parameter belongs to; None for the embeddings and the rest."""
    match = LAYER.search(name)
    return int(match[1]) if match else None


def is_embedding(name: str) -> bool:
    """Whether a parameter belongs to what stands before the first layer."""
    return EMBEDDING.search(name) is not None


def count_layers(module: nn.Module) -> int:
    return 1 + max(
        (layer for name, _ in module.named_parameters() if (layer := layer_of(name)) is not None), default=-1
    )


def check_freeze(freeze: str | int) -> None:
    """Raise SpanwrightError unless `freeze` is "none", "all", "embeddings" or a number of layers."""
    is_number = isinstance(freeze, int) and not isinstance(freeze, bool) and freeze >= 0
    if not is_number and freeze not in ("none", "all", "embeddings"):
        raise SpanwrightError(Errors.S207.format(found=freeze))


def freeze_parameters(module: nn.Module, freeze: str | int) -> None:
    """Stop the training of all of the module's parameters ("all"), of its embeddings, or of its embeddings and first N layers.

    No gradient is computed below the lowest parameter that trains. Raises SpanwrightError when the module has fewer layers.
    """
    check_freeze(freeze)
    n_layers = count_layers(module)
    if isinstance(freeze, int) and freeze > n_layers:
        raise SpanwrightError(Errors.S208.format(found=freeze, n_layers=n_layers))
    for name, parameter in module.named_parameters():
        if _is_frozen(name, freeze):  # others may be constants, such as sinusoidal positions
            parameter.requires_grad = False


def _is_frozen(name: str, freeze: str | int) -> bool:
    if freeze == "none":
        return False
    if freeze == "all" or is_embedding(name):
        return True
    layer = layer_of(name)
    return isinstance(freeze, int) and layer is not None and layer < freeze
