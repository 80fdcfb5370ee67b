"""Checkpoints with their heads, read without running code of theirs and without unpickling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import AutoConfig, PreTrainedModel

from spanwright.encoder.fetching import resolve_encoder
from spanwright.encoder.loading import check_kind
from spanwright.errors import Errors, SpanwrightError
from spanwright.weights import check_finite, listed

# who has the repositories that went by a name alone, by the first part of the name
OWNERS: Mapping[str, str] = {
    "albert": "albert",
    "bert": "google-bert",
    "camembert": "almanach",
    "distilbert": "distilbert",
    "roberta": "FacebookAI",
    "xlm": "FacebookAI",
}
TOLERANCE = 1e-4  # of logits; float32 sums differ by less whatever their order, another formula by more


def find_checkpoint(name: str, store: Path, *, notify: Callable[[str], None] = lambda line: None) -> Path:
    """Return the folder of a checkpoint, which `name` is, or which is downloaded to `store` by its id on the hub.

    Raises SpanwrightError for a name that is neither, and where there is nothing to be had.
    """
    owner = OWNERS.get(name.split("-")[0])
    if owner is not None and "/" not in name and not Path(name).is_dir():
        name = f"{owner}/{name}"
    return resolve_encoder(name, store, notify=notify)


def load_checkpoint(auto_class: Any, folder: Path) -> PreTrainedModel:
    """Load a checkpoint with the head that `auto_class`, such as AutoModelForTokenClassification, gives it.

    Raises SpanwrightError where it cannot be read, where weights, above all those of the head, are missing, or are not finite.
    """
    try:
        check_kind(AutoConfig.from_pretrained(folder, trust_remote_code=False).model_type)
        checkpoint, report = auto_class.from_pretrained(
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            torch_dtype=torch.float32,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise SpanwrightError(Errors.S460.format(folder=folder, reason=reason)) from error
    if report["missing_keys"]:
        missing = listed(sorted(report["missing_keys"]))
        kind = type(checkpoint).__name__
        raise SpanwrightError(Errors.S461.format(folder=folder, kind=kind, missing=missing))
    check_finite(checkpoint.state_dict(), source=str(folder))
    return checkpoint.eval()


def linear_layer(checkpoint: PreTrainedModel, path: str, *, folder: Path) -> nn.Linear:
    """Return the linear layer at `path`, such as "classifier". Raises SpanwrightError where there is something else."""
    layer: Any = checkpoint
    for name in path.split("."):
        layer = getattr(layer, name, None)
    if not isinstance(layer, nn.Linear) or layer.in_features != checkpoint.config.hidden_size or layer.bias is None:
        raise SpanwrightError(Errors.S462.format(folder=folder, kind=type(checkpoint).__name__, layer=path))
    return layer


@torch.no_grad()
def copy_linear(source: nn.Linear, target: nn.Linear) -> None:
    """Copy weights and biases between layers of the same shape."""
    target.weight.copy_(source.weight)
    target.bias.copy_(source.bias)


def check_equal(found: Tensor, expected: Tensor, *, folder: Path) -> None:
    """Raise SpanwrightError unless the pipeline's logits equal the checkpoint's."""
    if not torch.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE):
        difference = f"{(found - expected).abs().max().item():.2g}"
        raise SpanwrightError(Errors.S463.format(folder=folder, difference=difference))
