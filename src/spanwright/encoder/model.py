"""`spanwright.Transformer.v1`: a pretrained encoder, or the same architecture from scratch, for spaCy's `transformer` factory."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from spacy.tokens import Doc
from spacy_transformers.data_classes import FullTransformerBatch
from spacy_transformers.layers import split_trf_batch, trfs2arrays
from thinc.api import Model, chain
from thinc.types import Floats2d, Ragged

from spanwright.config_settings import ConfigSettings, check_setting
from spanwright.encoder.batching import PieceBatch, batch_docs, to_transformer_batch
from spanwright.encoder.cache import OutputCache
from spanwright.encoder.execution import PIECES_AT_ONCE, encode_windows
from spanwright.encoder.loading import EncoderModule, build_encoder, load_encoder
from spanwright.encoder.settings import build_run_settings, padding_multiple
from spanwright.errors import Errors
from spanwright.shim import TorchShim

_check = partial(check_setting, "transformer.model")
# by the listener that is replaced; any other one is a token listener
OWN_ENCODER = {"spanwright.WindowListener.v1": "spanwright.TransformerWindows.v1"}


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
    pad_to_multiple_of: int | None = None,
    pieces_at_once: int = PIECES_AT_ONCE,
    cache_memory: int = 1 << 30,
    dropout: float | None = None,
    attention_dropout: float | None = None,
    transformer_config: dict[str, Any] = {},  # noqa: B006 -- spaCy's config needs the literal; it is only read
) -> Model[list[Doc], FullTransformerBatch]:
    """Build the model `spanwright.Transformer.v1`.

    name: an encoder's folder or hub id; read when the pipeline is initialised, never when a saved one is loaded.
    pretrained: False = random weights in the same architecture.
    window: the longest sequence of word pieces the encoder sees at once. None = as long as it can.
    overlap: how many pieces two windows of one long Doc share.
    precision: auto, bf16, fp16, fp32 or int8; see `spanwright.precision`. int8 trains as auto does, and predicts on a CPU with
        8-bit products; so do frozen layers, in training too.
    storage: float32, float16 or bfloat16; the type of the weights on disk.
    freeze: "none", "all", "embeddings", or the number of first layers (and the embeddings) that do not train.
    attention: "sdpa" or "eager". An architecture without "sdpa" (ELECTRA, DeBERTa, MPNet) runs as "eager".
    gradient_checkpointing: recompute activations in the backward pass: less memory, a third more time.
    pad_to_multiple_of: lengths are padded up to a multiple, since kernels in bfloat16 are built for each shape. None = 16
        in half precision, 1 in float32.
    pieces_at_once: the most word pieces, padding included, that the encoder takes at once. Larger batches, and the windows
        of a long Doc, go through it in parts, so that memory is bounded; in training the backward pass computes them again.
    cache_memory: frozen layers ("all", or a number of first layers) read each training text once, without dropout. What they
        give is kept as long as the trained pipeline lives (a loaded one has nothing): this many bytes in memory, the rest in a
        temporary file, up to half of what the disk has free.
    dropout: of hidden states. None = the encoder's own.
    attention_dropout: of attention probabilities. None = none on a CPU, where it costs the fast path; else the encoder's own.
    transformer_config: fields of the encoder's config to replace, such as `num_hidden_layers`.

    Raises SpanwrightError for a value out of its range.
    """
    run = build_run_settings(
        _check,
        window=window,
        attention=attention,
        pad_to_multiple_of=pad_to_multiple_of,
        dropout=dropout,
        attention_dropout=attention_dropout,
        gradient_checkpointing=gradient_checkpointing,
        freeze=freeze,
    )
    _check_sizes(window=window, overlap=overlap, pieces_at_once=pieces_at_once, cache_memory=cache_memory)
    load = partial(load_encoder, name, pretrained=pretrained, overrides=transformer_config, run=run)
    shim = TorchShim(partial(build_encoder, run=run), precision=precision, storage=storage, role="encoder")
    return Model(
        "transformer",
        forward,
        init=partial(_initialize, load=load),
        shims=[shim],
        dims={"nO": None},
        attrs={
            "settings": ConfigSettings(
                window=window,
                overlap=overlap,
                pad_to_multiple_of=pad_to_multiple_of,
                pieces_at_once=pieces_at_once,
                cache_memory=cache_memory,
                has_reported_gaps=False,
            ),
            # what nlp.replace_listeners looks for
            "replace_listener": without_component,
            "replace_listener_cfg": _config_without_component,
        },
    )


def build_transformer_tok2vec(
    transformer: Model[list[Doc], FullTransformerBatch], pooling: Model[Ragged, Floats2d], grad_factor: float = 1.0
) -> Model[list[Doc], list[Floats2d]]:
    """Build the model `spanwright.TransformerTok2Vec.v1`: an encoder of a component's own, in place of a listener.

    transformer: a `spanwright.Transformer.v1`.
    pooling: makes one vector of a token's word pieces.
    grad_factor: what gradients are multiplied by on their way into the encoder.
    """
    return chain(without_component(transformer), trfs2arrays(pooling, grad_factor))


def forward(
    model: Model[list[Doc], FullTransformerBatch], docs: list[Doc], is_train: bool
) -> tuple[FullTransformerBatch, Callable[[FullTransformerBatch], list[Doc]]]:
    """Encode Docs. Every token of the result is aligned with at least one word piece."""
    shim, settings = model.shims[0], model.attrs["settings"]
    encoder: EncoderModule = shim.module
    window = min(settings["window"] or encoder.max_pieces, encoder.max_pieces)
    multiple = padding_multiple(shim, settings["pad_to_multiple_of"])
    batch = batch_docs(
        docs,
        encoder.tokenizer,
        window=window,
        overlap=min(settings["overlap"], window // 2),
        pad_to_multiple_of=multiple,
    )
    if not settings["has_reported_gaps"]:
        settings["has_reported_gaps"] = _report_gaps(batch)
    if is_train and encoder.is_cacheable and encoder.cache is None:
        encoder.cache = OutputCache(memory=settings["cache_memory"])
    sizes = {"multiple": multiple, "pieces_at_once": settings["pieces_at_once"]}
    hidden, backprop = encode_windows(shim, batch.input_ids, batch.lengths, is_train=is_train, **sizes)
    outputs = to_transformer_batch(batch, hidden, encoder.tokenizer)

    def backprop_docs(d_outputs: FullTransformerBatch) -> list[Doc]:
        backprop(d_outputs.model_output.to_tuple()[0])
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
        window = model.attrs["settings"]["window"]
        _check("window", window, window is None or window <= module.max_pieces, f"at most {module.max_pieces}, or null")
        shim.initialize(module=module, **settings)
    model.set_dim("nO", shim.module.width)


def _report_gaps(batch: PieceBatch) -> bool:
    """Warn of tokens that the tokenizer has no word piece for, white space aside. Return whether there were any."""
    lacking = [
        doc[i].text
        for doc, part in zip(batch.docs, batch.parts, strict=True)
        for i in part.tokens_without_pieces.tolist()
        if not doc[i].text.isspace()
    ]
    if lacking:
        warnings.warn(Errors.S213.format(n=len(lacking), example=lacking[0]), stacklevel=2)
    return bool(lacking)


def without_component(model: Model[list[Doc], FullTransformerBatch]) -> Model[list[Doc], list[Any]]:
    """Return what gives a component of its own encoder what a listener would give it of a shared one."""
    return chain(model, split_trf_batch())


def _config_without_component(transformer: dict[str, Any], listener: dict[str, Any]) -> dict[str, Any]:
    # spaCy passes the whole [model.tok2vec], which may be a layer around the listener
    while "pooling" not in listener and isinstance(listener.get("tok2vec"), dict):
        listener = listener["tok2vec"]
    config = {name: listener[name] for name in ("pooling", "grad_factor") if name in listener}
    own = OWN_ENCODER.get(listener["@architectures"], "spanwright.TransformerTok2Vec.v1")
    return config | {"@architectures": own, "transformer": transformer}


def _check_sizes(*, window: int | None, overlap: int, pieces_at_once: int, cache_memory: int) -> None:
    widest = None if window is None else window - 3
    allowed = "0 or more" if widest is None else f"0 to {widest}, with window = {window}"
    _check("overlap", overlap, overlap >= 0 and (widest is None or overlap <= widest), allowed)
    _check("pieces_at_once", pieces_at_once, pieces_at_once >= 1, "1 or more")
    _check("cache_memory", cache_memory, cache_memory >= 0, "0 or more")
