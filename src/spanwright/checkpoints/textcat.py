"""A sequence-classification checkpoint as a pipeline with `text_classifier`."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from spacy.language import Language
from spacy.training import Example
from transformers import AutoModelForSequenceClassification, PretrainedConfig

from spanwright.checkpoints.loading import check_equal, copy_linear, linear_layer, load_checkpoint
from spanwright.checkpoints.pipeline import SAMPLE, add_encoder, blank_pipeline, encode_sample, logits_of
from spanwright.errors import Errors, SpanwrightError

NAME = "textcat"
# the setting that says which activation it is, where it is not fixed
POOLER_ACTIVATION = "pooler_hidden_act"


class Head(NamedTuple):
    """Where an architecture keeps the layers of its head, which reads the first piece of a text."""

    dense: str
    output: str
    activation: str


HEADS: Mapping[str, Head] = {
    "albert": Head("albert.pooler", "classifier", "tanh"),
    "bert": Head("bert.pooler.dense", "classifier", "tanh"),
    "camembert": Head("classifier.dense", "classifier.out_proj", "tanh"),
    "deberta": Head("pooler.dense", "classifier", POOLER_ACTIVATION),
    "deberta-v2": Head("pooler.dense", "classifier", POOLER_ACTIVATION),
    "distilbert": Head("pre_classifier", "classifier", "relu"),
    "electra": Head("classifier.dense", "classifier.out_proj", "gelu"),
    "roberta": Head("classifier.dense", "classifier.out_proj", "tanh"),
    "xlm-roberta": Head("classifier.dense", "classifier.out_proj", "tanh"),
}


def import_textcat(folder: Path, *, lang: str) -> Language:
    """Return a pipeline whose scores of categories are the logits of the checkpoint in `folder`.

    Its labels exclude each other unless the checkpoint's `problem_type` is "multi_label_classification". Of a text that is
    longer than the encoder's window, the first window counts, as where a checkpoint's input is truncated.

    Raises SpanwrightError for a checkpoint that cannot be read, has no such head, or does not classify.
    """
    checkpoint = load_checkpoint(AutoModelForSequenceClassification, folder)
    config = checkpoint.config
    labels = [config.id2label[index] for index in range(config.num_labels)]
    if twice := [label for label, count in Counter(labels).items() if count > 1]:
        raise SpanwrightError(Errors.S468.format(folder=folder, found=", ".join(twice)))
    if config.model_type not in HEADS:
        raise SpanwrightError(Errors.S465.format(folder=folder, found=config.model_type, allowed=", ".join(HEADS)))
    head = HEADS[config.model_type]
    dense, output = (linear_layer(checkpoint, path, folder=folder) for path in (head.dense, head.output))
    nlp = blank_pipeline(lang)
    add_encoder(nlp, folder)
    listener = {"@architectures": "spanwright.WindowListener.v1", "pooling": "first"}
    activation = getattr(config, head.activation, head.activation)
    pooler = {"@architectures": "spanwright.Pooler.v1", "activation": activation, "tok2vec": listener}
    model = {"@architectures": "spanwright.TextClassifier.v1", "pooling": "first", "tok2vec": pooler}
    textcat = nlp.add_pipe(_factory(config, folder), name=NAME, config={"model": model})
    nlp.config["initialize"]["components"][NAME] = {"labels": labels}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of training data that is too little: nothing is trained here
        nlp.initialize(lambda: [Example.from_dict(nlp.make_doc(SAMPLE), {"cats": {labels[0]: 1.0}})])
    copy_linear(dense, textcat.model.get_ref("tok2vec").get_ref("pooler").shims[0].module.dense)
    copy_linear(output, textcat.model.get_ref("head").shims[0].module.output)
    doc = encode_sample(nlp)
    scores = torch.from_numpy(textcat.model.ops.to_numpy(textcat.model.predict([doc])))
    check_equal(scores[0], logits_of(checkpoint, doc), folder=folder)
    return nlp


def _factory(config: PretrainedConfig, folder: Path) -> str:
    if config.problem_type == "multi_label_classification":
        return "text_classifier_multilabel"
    if config.problem_type == "regression" or config.num_labels < 2:
        raise SpanwrightError(
            Errors.S466.format(folder=folder, problem=config.problem_type, n_labels=config.num_labels)
        )
    return "text_classifier"
