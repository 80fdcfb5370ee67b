"""`spanwright.WindowListener.v1`: a vector for each window that a transformer read a text in, instead of each token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from spacy.tokens import Doc
from spacy_transformers.data_classes import FullTransformerBatch, TransformerData
from spacy_transformers.layers import TransformerListener
from thinc.api import Model, chain
from thinc.types import Floats2d, Floats3d
from transformers.modeling_outputs import BaseModelOutput

from spanwright.config_settings import check_setting
from spanwright.encoder.model import without_component

WindowPooling = Literal["first", "mean"]


def build_window_listener(pooling: str = "first", upstream: str = "*") -> Model[list[Doc], list[Floats2d]]:
    """Build the layer `spanwright.WindowListener.v1`. It gives one row per window of each Doc; none for an empty Doc.

    pooling: "first" = a window's first piece ([CLS] or the like); "mean" = the mean of its pieces.
    upstream: the name of the `transformer` component it listens to; "*" = any.

    Raises SpanwrightError for another pooling.
    """
    return chain(TransformerListener(upstream), _pool_windows(pooling))


def build_transformer_windows(
    transformer: Model[list[Doc], FullTransformerBatch], pooling: str = "first"
) -> Model[list[Doc], list[Floats2d]]:
    """Build the model `spanwright.TransformerWindows.v1`: an encoder of a component's own, in place of a window listener.

    transformer: a `spanwright.Transformer.v1`. For the rest see `build_window_listener`.
    """
    return chain(without_component(transformer), _pool_windows(pooling))


def _pool_windows(pooling: str) -> Model[list[TransformerData], list[Floats2d]]:
    poolings = get_args(WindowPooling)
    check_setting("text_classifier.model.tok2vec", "pooling", pooling, pooling in poolings, ", ".join(poolings))
    return Model("windows", forward, attrs={"pooling": pooling})


def forward(
    model: Model[list[TransformerData], list[Floats2d]], data: list[TransformerData], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[TransformerData]]]:
    """Pool the pieces (windows, pieces, width) of each text to (windows, width)."""
    weights = [_piece_weights(model, text) if _has_pieces(text) else None for text in data]
    pooled = [
        model.ops.alloc2f(0, 0) if weight is None else model.ops.xp.einsum("wp,wpd->wd", weight, _pieces(text))
        for text, weight in zip(data, weights, strict=True)
    ]

    def backprop(d_pooled: list[Floats2d]) -> list[TransformerData]:
        # as spacy-transformers does: texts without pieces have no part in the encoder's batch
        return [
            TransformerData(
                wordpieces=text.wordpieces,
                model_output=BaseModelOutput(last_hidden_state=weight[:, :, None] * d_windows[:, None, :]),
                align=text.align,
            )
            for text, weight, d_windows in zip(data, weights, d_pooled, strict=True)
            if weight is not None
        ]

    return pooled, backprop


def _has_pieces(text: TransformerData) -> bool:
    return "last_hidden_state" in text.model_output and text.model_output.last_hidden_state.size > 0


def _pieces(text: TransformerData) -> Floats3d:
    return text.model_output.last_hidden_state


def _piece_weights(model: Model[list[TransformerData], list[Floats2d]], text: TransformerData) -> Floats2d:
    """How much each piece counts for its window: (windows, pieces), each row summing to 1."""
    mask = model.ops.asarray2f(text.wordpieces.attention_mask)
    if model.attrs["pooling"] == "mean":
        return mask / mask.sum(axis=1, keepdims=True)
    first = model.ops.alloc2f(*mask.shape)
    first[:, 0] = 1.0
    return first
