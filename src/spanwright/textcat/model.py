"""`spanwright.TextClassifier.v1`: vectors of a text's parts, and a torch head that scores the labels of the whole."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Model, chain, torch2xp, xp2torch
from thinc.types import ArgsKwargs, Floats2d
from thinc.util import get_width

from spanwright.config_settings import check_setting
from spanwright.dropout import dropout_of, dropout_settings
from spanwright.shim import TorchShim, to_tensor
from spanwright.textcat.torch_head import Pooling, TextHead

_check = partial(check_setting, "text_classifier.model")


def build_text_classifier(
    tok2vec: Model[list[Doc], list[Floats2d]],
    nO: int | None = None,
    *,
    pooling: str = "mean",
    hidden_width: int | None = None,
    dropout: float | None = None,
) -> Model[list[Doc], Floats2d]:
    """Build the model `spanwright.TextClassifier.v1`. Its output is a score (a logit) per text and label.

    tok2vec: gives the vectors of a text's parts: a listener to a transformer, any of spaCy's Tok2Vec layers (parts are
        tokens), or `spanwright.WindowListener.v1` (parts are the encoder's windows).
    nO: the number of labels; leave it None, and the component sets it.
    pooling: first, mean, attention or logsumexp; see `TextHead`.
    hidden_width: units of a layer before the labels. None = no such layer.
    dropout: in the head. None = the rate that training.dropout gives to every component.

    Raises SpanwrightError for a value out of its range.
    """
    _check("pooling", pooling, pooling in get_args(Pooling), ", ".join(get_args(Pooling)))
    _check("hidden_width", hidden_width, hidden_width is None or hidden_width >= 1, "1 or more, or null")
    _check("dropout", dropout, dropout is None or 0 <= dropout < 1, "at least 0 and below 1, or null")
    head: Model[list[Floats2d], Floats2d] = Model(
        "text_head",
        forward,
        init=_initialize,
        # a matrix product this small gains nothing from half precision, and scores lose digits in it
        shims=[TorchShim(TextHead, precision="fp32")],
        dims={"nI": None, "nO": nO},
        attrs={"pooling": pooling, "hidden_width": hidden_width, **dropout_settings(dropout)},
    )
    model: Model[list[Doc], Floats2d] = chain(tok2vec, head)
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("head", head)
    return model


def forward(
    model: Model[list[Floats2d], Floats2d], vectors: list[Floats2d], is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], list[Floats2d]]]:
    """Score texts by the vectors (parts, width) of each. Without parts, width may be anything."""
    lengths = np.array([len(parts) for parts in vectors], dtype=np.int64)
    parts = to_tensor(model, vectors, width=model.get_dim("nI"), requires_grad=is_train)
    dropout = dropout_of(model)
    inputs = ArgsKwargs(args=(parts, torch.from_numpy(lengths).to(parts.device)), kwargs={"dropout": dropout})
    scores, backprop = model.shims[0](inputs, is_train)

    def backprop_vectors(d_scores: Floats2d) -> list[Floats2d]:
        gradients = (xp2torch(d_scores, device=scores.device),)
        d_inputs = backprop(ArgsKwargs(args=((scores,),), kwargs={"grad_tensors": gradients}))
        return model.ops.unflatten(torch2xp(d_inputs.args[0]), model.ops.asarray1i(lengths))

    return torch2xp(scores.detach()), backprop_vectors


def _initialize(model: Model[list[Floats2d], Floats2d], X: list[Floats2d] | None = None, Y: Any = None) -> None:
    if X is None:
        return
    model.set_dim("nI", get_width(X))
    model.shims[0].initialize(
        width=model.get_dim("nI"),
        n_labels=model.get_dim("nO"),
        pooling=model.attrs["pooling"],
        hidden_width=model.attrs["hidden_width"],
    )
