"""`spanwright.QuestionAnswering.v1`: an encoder that reads question and context together, and scores of starts and ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from thinc.api import Model
from thinc.types import ArgsKwargs
from torch import Tensor

from spanwright.config_settings import ConfigSettings, check_setting
from spanwright.encoder.execution import LARGEST_GROUP, PIECES_AT_ONCE
from spanwright.encoder.loading import EncoderModule, load_encoder
from spanwright.encoder.settings import build_run_settings, padding_multiple
from spanwright.qa.torch_head import QuestionAnsweringModule, build_question_answering
from spanwright.qa.windows import WindowBatch
from spanwright.shim import TorchShim

_check = partial(check_setting, "extractive_qa.model")


def build_question_answering_model(
    name: str,
    pretrained: bool = True,
    window: int | None = None,
    overlap: int = 128,
    context_pieces: int | None = None,
    precision: str = "auto",
    storage: str = "float32",
    freeze: str | int = "none",
    attention: str = "sdpa",
    gradient_checkpointing: bool = False,
    pad_to_multiple_of: int | None = None,
    pieces_at_once: int | None = None,
    dropout: float | None = None,
    attention_dropout: float | None = None,
    transformer_config: dict[str, Any] = {},  # noqa: B006 -- spaCy's config needs the literal; it is only read
) -> Model[WindowBatch, Tensor]:
    """Build the model `spanwright.QuestionAnswering.v1`.

    The settings are those of `spanwright.encoder.model.build_transformer`. `window` counts the pieces of the question and
    special pieces too, up to as many as the encoder takes; `overlap` counts those of the context alone. `pieces_at_once` is the
    most word pieces, padding included, that go through the encoder at once, in training too; None = 1024 on a CPU, 8192 on
    other devices.
    context_pieces: of a context with more word pieces, read the sentences that share the rarest words with the question, up to so
        many pieces; see `spanwright.qa.selection`. None = read all of it. In training, from half to twice as many.

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
    _check("overlap", overlap, overlap >= 0, "0 or more")
    _check("pieces_at_once", pieces_at_once, pieces_at_once is None or pieces_at_once >= 1, "1 or more, or null")
    _check("context_pieces", context_pieces, context_pieces is None or context_pieces >= 1, "1 or more, or null")
    load = partial(load_encoder, name, pretrained=pretrained, overrides=transformer_config, run=run)
    build = partial(build_question_answering, run=run)
    return Model(
        "question_answering",
        forward,
        init=partial(_initialize, load=load),
        shims=[TorchShim(build, precision=precision, storage=storage, role="encoder")],
        attrs={
            "settings": ConfigSettings(
                window=window,
                overlap=overlap,
                context_pieces=context_pieces,
                pad_to_multiple_of=pad_to_multiple_of,
                pieces_at_once=pieces_at_once,
            )
        },
    )


def forward(
    model: Model[WindowBatch, Tensor], batch: WindowBatch, is_train: bool
) -> tuple[Tensor, Callable[[Tensor], WindowBatch]]:
    """Score each piece of a batch of windows as the start and as the end of the answer: `(windows, pieces, 2)`."""
    shim = model.shims[0]
    inputs = _to_inputs(batch, shim.device, encoder_of(model))
    scores, backprop = shim(inputs, is_train)

    def backprop_scores(d_scores: Tensor) -> WindowBatch:
        backprop(ArgsKwargs(args=((scores,),), kwargs={"grad_tensors": (d_scores,)}))
        return batch

    return scores, backprop_scores


def encoder_of(model: Model[WindowBatch, Tensor]) -> EncoderModule:
    """Return the encoder with its tokenizer. Raises SpanwrightError before the model has weights."""
    return model.shims[0].module.encoder


def settings_of(model: Model[WindowBatch, Tensor]) -> ConfigSettings:
    """Return the settings of `build_question_answering_model` that are asked for when it runs."""
    settings: ConfigSettings = model.attrs["settings"]
    return settings


def window_of(model: Model[WindowBatch, Tensor]) -> int:
    """Return how many pieces a window has at most, special pieces included."""
    longest = encoder_of(model).max_pieces
    return min(settings_of(model)["window"] or longest, longest)


def multiple_of(model: Model[WindowBatch, Tensor]) -> int:
    """Return what the lengths of windows are padded to a multiple of."""
    return padding_multiple(model.shims[0], settings_of(model)["pad_to_multiple_of"])


def pieces_at_once_of(model: Model[WindowBatch, Tensor]) -> int:
    """Return how many pieces go through the encoder at once."""
    return settings_of(model)["pieces_at_once"] or LARGEST_GROUP.get(model.shims[0].device.type, PIECES_AT_ONCE)


def _initialize(
    model: Model[WindowBatch, Tensor],
    X: Any = None,
    Y: Any = None,
    *,
    load: Callable[[], tuple[EncoderModule, dict[str, Any]]],
) -> None:
    shim = model.shims[0]
    if not shim.is_initialized:
        encoder, settings = load()
        window, longest = settings_of(model)["window"], encoder.max_pieces
        _check("window", window, window is None or window <= longest, f"at most {longest}, or null")
        module = QuestionAnsweringModule(encoder)
        shim.initialize(module=module, **settings)


def _to_inputs(batch: WindowBatch, device: torch.device, encoder: EncoderModule) -> ArgsKwargs:
    ids = torch.from_numpy(batch.input_ids).to(device, non_blocking=True)
    # without a mask, attention takes its fastest path
    mask = torch.from_numpy(batch.attention_mask).to(device, non_blocking=True) if batch.has_padding else None
    segments = torch.from_numpy(batch.segments).to(device, non_blocking=True) if encoder.has_segments else None
    return ArgsKwargs(args=(ids, mask, segments), kwargs={})
