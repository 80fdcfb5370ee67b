"""`spanwright.Transformer.v1`: a pretrained encoder, or the same architecture from scratch, for spaCy's `transformer` factory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from spacy.tokens import Doc
from spacy_transformers.data_classes import FullTransformerBatch
from thinc.api import Model, get_torch_default_device
from thinc.types import ArgsKwargs

from spanwright.encoder.batching import PieceBatch, batch_docs, to_transformer_batch
from spanwright.encoder.freezing import check_freeze
from spanwright.encoder.loading import EncoderModule, RunSettings, build_encoder, load_encoder
from spanwright.errors import Errors, SpanwrightError
from spanwright.shim import TorchShim

SMALLEST_WINDOW = 8
ATTENTIONS = ("sdpa", "eager")


def build_transformer(
    name: str,
    pretrained: bool = True,
    window: int | None = None,
    overlap: int = 64,
    precision: str = "auto",
    storage: str = "float32",
    freeze: str | int = "none",
    attention: str = "sdpa",
    gradient_checkpointing: bool = False,
    pad_to_multiple_of: int = 16,
    dropout: float | None = None,
    attention_dropout: float | None = None,
    transformer_config: dict[str, Any] = {},  # noqa: B006 -- spaCy's config needs the literal; it is only read
) -> Model[list[Doc], FullTransformerBatch]:
    """Build the model `spanwright.Transformer.v1`.

    name: an encoder's folder or hub id; read when the pipeline is initialised, never when a saved one is loaded.
    pretrained: False = random weights in the same architecture.
    window: the longest sequence of word pieces the encoder sees at once. None = as long as it can.
    overlap: how many pieces two windows of one long Doc share.
    precision: auto, bf16, fp16 or fp32; see `spanwright.precision`.
    storage: float32, float16 or bfloat16; the type of the weights on disk.
    freeze: "none", "all", "embeddings", or the number of first layers (and the embeddings) that do not train.
    attention: "sdpa" or "eager". An architecture without "sdpa" (ELECTRA, DeBERTa, MPNet) runs as "eager".
    gradient_checkpointing: recompute activations in the backward pass: less memory, a third more time.
    pad_to_multiple_of: lengths are padded up to a multiple, since kernels in bfloat16 are built for each shape.
    dropout: of hidden states. None = the encoder's own.
    attention_dropout: of attention probabilities. None = none on a CPU, where it costs the fast path; else the encoder's own.
    transformer_config: fields of the encoder's config to replace, such as `num_hidden_layers`.

    Raises SpanwrightError for a value out of its range.
    """
    _check("window", window, window is None or window >= SMALLEST_WINDOW, f"at least {SMALLEST_WINDOW}, or null")
    _check(
        "overlap", overlap, overlap >= 0 and (window is None or overlap < window - 2), "0 or more and below window - 2"
    )
    _check("attention", attention, attention in ATTENTIONS, ", ".join(ATTENTIONS))
    _check("pad_to_multiple_of", pad_to_multiple_of, pad_to_multiple_of >= 1, "1 or more")
    _check("dropout", dropout, dropout is None or 0 <= dropout < 1, "at least 0 and below 1, or null")
    in_range = attention_dropout is None or 0 <= attention_dropout < 1
    _check("attention_dropout", attention_dropout, in_range, "at least 0 and below 1, or null")
    check_freeze(freeze)
    if attention_dropout is None and get_torch_default_device().type == "cpu":
        attention_dropout = 0.0
    run = RunSettings(dropout, attention_dropout, attention, gradient_checkpointing, freeze)
    load = partial(load_encoder, name, pretrained=pretrained, overrides=transformer_config, run=run)
    shim = TorchShim(partial(build_encoder, run=run), precision=precision, storage=storage, role="encoder")
    return Model(
        "transformer",
        forward,
        init=partial(_initialize, load=load),
        shims=[shim],
        dims={"nO": None},
        attrs={"window": window, "overlap": overlap, "pad_to_multiple_of": pad_to_multiple_of},
    )


def forward(
    model: Model[list[Doc], FullTransformerBatch], docs: list[Doc], is_train: bool
) -> tuple[FullTransformerBatch, Callable[[FullTransformerBatch], list[Doc]]]:
    """Encode Docs. Every token of the result is aligned with at least one word piece."""
    shim = model.shims[0]
    encoder: EncoderModule = shim.module
    window = min(model.attrs["window"] or encoder.max_pieces, encoder.max_pieces)
    batch = batch_docs(
        docs,
        encoder.tokenizer,
        window=window,
        overlap=min(model.attrs["overlap"], window // 2),
        pad_to_multiple_of=model.attrs["pad_to_multiple_of"],
    )
    hidden, backprop = shim(_to_inputs(batch, shim.device), is_train)
    outputs = to_transformer_batch(batch, hidden, encoder.tokenizer)

    def backprop_docs(d_outputs: FullTransformerBatch) -> list[Doc]:
        gradient = d_outputs.model_output.to_tuple()[0]
        backprop(ArgsKwargs(args=((hidden,),), kwargs={"grad_tensors": (gradient,)}))
        return docs

    return outputs, backprop_docs


def _initialize(
    model: Model[list[Doc], FullTransformerBatch],
    X: list[Doc] | None = None,
    Y: Any = None,
    *,
    load: Callable[[], tuple[EncoderModule, dict[str, Any]]],
) -> None:
    shim = model.shims[0]
    if not shim.is_initialized:
        module, settings = load()
        shim.initialize(module=module, **settings)
    model.set_dim("nO", shim.module.width)


def _to_inputs(batch: PieceBatch, device: torch.device) -> ArgsKwargs:
    ids = torch.from_numpy(batch.input_ids).to(device, non_blocking=True)
    # without a mask, attention takes its fastest path
    mask = torch.from_numpy(batch.attention_mask).to(device, non_blocking=True) if batch.has_padding else None
    return ArgsKwargs(args=(ids, mask), kwargs={})


def _check(setting: str, value: Any, is_allowed: bool, allowed: str) -> None:
    if not is_allowed:
        raise SpanwrightError(Errors.S209.format(setting=setting, found=value, allowed=allowed))
