"""`spanwright.BioNer.v1`: word vectors, and a torch head that scores their tags."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
from spacy.tokens import Doc
from thinc.api import Model, chain, torch2xp
from thinc.types import ArgsKwargs, Floats2d
from thinc.util import get_width

from spanwright.config_settings import check_setting
from spanwright.dropout import dropout_of, dropout_settings
from spanwright.ner.torch_head import TagHead, TagScores
from spanwright.shim import TorchShim, to_tensor

HeadKind = Literal["linear", "crf"]

_check = partial(check_setting, "bio_ner.model")


def build_bio_ner(
    tok2vec: Model[list[Doc], list[Floats2d]],
    nO: int | None = None,
    *,
    head: str = "crf",
    lstm_width: int | None = None,
    dropout: float | None = None,
) -> Model[list[Doc], TagScores]:
    """Build the model `spanwright.BioNer.v1`.

    tok2vec: gives one row per token: a listener to a transformer, or any of spaCy's Tok2Vec layers.
    nO: the number of tags; leave it None, and the component sets it from the labels.
    head: "linear" scores words on their own; "crf" also scores which tag follows which, and trains on whole sequences.
    lstm_width: units, per direction, of an LSTM over the words between their vectors and the tags. None = no such layer.
    dropout: in the head. None = the rate that training.dropout gives to every component.

    Raises SpanwrightError for a value out of its range.
    """
    _check("head", head, head in get_args(HeadKind), ", ".join(get_args(HeadKind)))
    _check("lstm_width", lstm_width, lstm_width is None or lstm_width >= 1, "1 or more, or null")
    _check("dropout", dropout, dropout is None or 0 <= dropout < 1, "at least 0 and below 1, or null")
    tag_head = build_tag_head(nO, head=head, lstm_width=lstm_width, dropout=dropout)
    model: Model[list[Doc], TagScores] = chain(tok2vec, tag_head)
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("head", tag_head)
    return model


def build_tag_head(
    n_tags: int | None, *, head: str, lstm_width: int | None, dropout: float | None
) -> Model[list[Floats2d], TagScores]:
    """Build the head alone. See `build_bio_ner`."""
    return Model(
        "tag_head",
        forward,
        init=_initialize,
        # a matrix product this small gains nothing from half precision, and scores lose digits in it
        shims=[TorchShim(TagHead, precision="fp32")],
        dims={"nI": None, "nO": n_tags},
        attrs={"head": head, "lstm_width": lstm_width, **dropout_settings(dropout)},
    )


def forward(
    model: Model[list[Floats2d], TagScores], vectors: list[Floats2d], is_train: bool
) -> tuple[TagScores, Callable[[TagScores], list[Floats2d]]]:
    """Score the tags of each Doc's word vectors (words, width). Without words, width may be anything."""
    lengths = np.array([len(words) for words in vectors])
    words = to_tensor(model, vectors, width=model.get_dim("nI"), requires_grad=is_train)
    dropout = dropout_of(model)
    (emissions, transitions), backprop = model.shims[0](
        ArgsKwargs(args=(words, lengths[lengths > 0].tolist()), kwargs={"dropout": dropout}), is_train
    )

    def backprop_vectors(d_scores: TagScores) -> list[Floats2d]:
        grad_tensors = (d_scores.emissions, d_scores.transitions)
        d_inputs = backprop(ArgsKwargs(args=((emissions, transitions),), kwargs={"grad_tensors": grad_tensors}))
        return model.ops.unflatten(torch2xp(d_inputs.args[0]), model.ops.asarray1i(lengths))

    return TagScores(emissions, transitions, lengths), backprop_vectors


def _initialize(
    model: Model[list[Floats2d], TagScores],
    X: list[Floats2d] | None = None,
    Y: Any = None,
) -> None:
    if X is None:
        return
    model.set_dim("nI", get_width(X))
    model.shims[0].initialize(
        width=model.get_dim("nI"),
        n_tags=model.get_dim("nO"),
        lstm_width=model.attrs["lstm_width"],
        has_transitions=model.attrs["head"] == "crf",
    )
