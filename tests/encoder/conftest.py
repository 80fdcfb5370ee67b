"""Pipelines around tiny encoders, and the vectors that their listeners would see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy_transformers.data_classes import TransformerData
from thinc.api import Model
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor

from spanwright.encoder.model import build_transformer

LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "pooling": {"@layers": "reduce_mean.v1"},
}
HEADS = {
    "tagger": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER},
    "ner": {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        "use_upper": False,
        "tok2vec": LISTENER,
    },
    "textcat": {
        "@architectures": "spacy.TextCatReduce.v1",
        "exclusive_classes": True,
        "use_reduce_first": False,
        "use_reduce_last": False,
        "use_reduce_max": False,
        "use_reduce_mean": True,
        "tok2vec": LISTENER,
    },
}


@pytest.fixture(scope="session")
def make_nlp() -> Callable[..., Language]:
    def make(encoder: Path, *, heads: Sequence[str] = (), **settings) -> Language:
        """Return a pipeline that is not initialised."""
        spacy.util.fix_random_seed(0)
        nlp = spacy.blank("en")
        model = {"@architectures": "spanwright.Transformer.v1", "name": str(encoder), "precision": "fp32", **settings}
        nlp.add_pipe("transformer", config={"model": model})
        for head in heads:
            nlp.add_pipe(head, config={"model": HEADS[head]})
        return nlp

    return make


@pytest.fixture(scope="session")
def make_examples() -> Callable[[Language], list[Example]]:
    def make(nlp: Language) -> list[Example]:
        """Return examples with tags, entities and categories; among them an empty Doc and a token without word pieces."""
        rows = [
            (["you", "and", "data"], ["P", "C", "N"], ["O", "O", "U-X"], {"a": 1.0, "b": 0.0}),
            (
                ["experience", "\u200b", "of", "a.b-c" * 9],
                ["N", "N", "C", "N"],
                ["O", "U-X", "O", "U-X"],
                {"a": 0.0, "b": 1.0},
            ),
            ([], [], [], {"a": 1.0, "b": 0.0}),
            (["data"] * 40, ["N"] * 40, ["U-X"] * 40, {"a": 0.0, "b": 1.0}),
        ]
        return [
            Example.from_dict(Doc(nlp.vocab, words=words), {"tags": tags, "entities": entities, "cats": cats})
            for words, tags, entities, cats in rows
        ]

    return make


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Model]:
    def make(encoder: Path, **settings) -> Model:
        """Return the model alone, which takes a tenth of a pipeline's time; not initialised."""
        return build_transformer(str(encoder), **{"precision": "fp32", **settings})

    return make


@pytest.fixture(scope="session")
def make_doc() -> Callable[[str], Doc]:
    return spacy.blank("en").make_doc


@pytest.fixture(scope="session")
def vectors_of() -> Callable[[Model, Iterable[Doc]], list[np.ndarray]]:
    def vectors(model: Model, docs: Iterable[Doc]) -> list[np.ndarray]:
        """Return each Doc's `(tokens, width)`: the means of the tokens' word pieces, of which each has one at least."""
        docs = list(docs)
        outputs = model.predict(docs).doc_data
        return [_pool(doc, data, model.get_dim("nO")) for doc, data in zip(docs, outputs, strict=True)]

    return vectors


def _pool(doc: Doc, data: TransformerData, width: int) -> np.ndarray:
    assert len(data.align.lengths) == len(doc)
    if not len(doc):
        return np.zeros((0, width), "f")
    assert (data.align.lengths >= 1).all()
    hidden = data.model_output.last_hidden_state.reshape(-1, width)
    rows = np.split(hidden[data.align.dataXd.ravel()], np.cumsum(data.align.lengths)[:-1])
    return np.stack([row.mean(axis=0) for row in rows])


@pytest.fixture(scope="session")
def parameters_of() -> Callable[[Model], dict[str, Tensor]]:
    def parameters(model: Model) -> dict[str, Tensor]:
        """Return copies of the encoder's parameters."""
        named = model.shims[0].module.transformer.named_parameters()
        return {name: tensor.detach().clone() for name, tensor in named}

    return parameters


@pytest.fixture(scope="session")
def changed() -> Callable[..., set[str]]:
    def names(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
        """Return the names of the parameters that are not equal to the bit."""
        return {name for name in before if not torch.equal(before[name], after[name])}

    return names


@pytest.fixture(scope="session")
def make_byte_level() -> Callable[..., Tokenizer]:
    def make(*, trim_offsets: bool = True) -> Tokenizer:
        """Return a tokenizer in the manner of RoBERTa, whose only merge is a space with the "b" after it."""
        pieces = ["<s>", "<pad>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet()), "Ġb"]
        tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, [("Ġ", "b")]))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=trim_offsets)
        return tokenizer

    return make
