"""A token-classification checkpoint as a pipeline with `bio_ner`."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from torch import Tensor, nn
from transformers import AutoModelForTokenClassification

from spanwright.checkpoints.loading import check_equal, linear_layer, load_checkpoint
from spanwright.checkpoints.pipeline import SAMPLE, add_encoder, blank_pipeline, encode_sample, logits_of
from spanwright.checkpoints.tagging import OUTSIDE_NAME, Tagging, read_tagging
from spanwright.errors import Errors
from spanwright.ner.tags import build_tagset

LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    # a word's tag is that of its first piece, as in training scripts for such checkpoints
    "pooling": {"@layers": "reduce_first.v1"},
}
NAME = "ner"
NEVER = -1e4  # the score of a tag that the checkpoint does not have


def import_ner(folder: Path, *, lang: str) -> Language:
    """Return a pipeline whose tag scores are the logits of the checkpoint in `folder` for the first piece of each word.

    Its decoding is that of `bio_ner`: a sequence of tags that spells no entities cannot come out.

    Raises SpanwrightError for a checkpoint that cannot be read, has no such head, or whose labels are no tags of entities.
    """
    checkpoint = load_checkpoint(AutoModelForTokenClassification, folder)
    tagging = read_tagging(checkpoint.config.id2label)
    classifier = linear_layer(checkpoint, "classifier", folder=folder)
    nlp = blank_pipeline(lang)
    add_encoder(nlp, folder)
    model = {"@architectures": "spanwright.BioNer.v1", "head": "linear", "tok2vec": LISTENER}
    ner = nlp.add_pipe("bio_ner", name=NAME, config={"scheme": tagging.scheme, "model": model})
    nlp.config["initialize"]["components"][NAME] = {"labels": list(tagging.labels)}
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc(SAMPLE), {})])
    copy_tags(classifier, ner.model.get_ref("head").shims[0].module.output, tagging)
    doc = encode_sample(nlp)
    scores = ner.model.predict([doc])
    expected = word_scores(logits_of(checkpoint, doc), doc, tagging)
    check_equal(scores.emissions, expected, folder=folder)
    if begins_inside(expected, tagging):
        warnings.warn(Errors.S469.format(folder=folder), stacklevel=2)
    return nlp


def begins_inside(scores: Tensor, tagging: Tagging) -> bool:
    """Whether all entities that tag scores (words, tags) spell begin with I-, as those of a checkpoint trained on IOB1 do."""
    names = build_tagset(tagging.labels, tagging.scheme).names
    tags = [OUTSIDE_NAME, *(names[tag] for tag in scores.argmax(dim=1).tolist())]
    first = [tag for before, tag in pairwise(tags) if tag != OUTSIDE_NAME and before[2:] != tag[2:]]
    return bool(first) and all(tag.startswith("I-") for tag in first)


@torch.no_grad()
def copy_tags(classifier: nn.Linear, output: nn.Linear, tagging: Tagging) -> None:
    """Copy the checkpoint's rows (labels, width) to the tags they stand for (tags, width)."""
    output.weight.zero_()
    output.bias.fill_(NEVER)
    for tag, position in enumerate(tagging.positions):
        if position is not None:
            output.weight[tag] = classifier.weight[position]
            output.bias[tag] = classifier.bias[position]


def word_scores(logits: Tensor, doc: Doc, tagging: Tagging) -> Tensor:
    """Return the checkpoint's logits (pieces, labels) for the first piece of each word, as tag scores (words, tags)."""
    align = doc._.trf_data.align
    words = logits[align.dataXd.reshape(-1)[np.cumsum(align.lengths) - align.lengths]]
    missing = torch.full((len(words),), NEVER)
    return torch.stack([missing if at is None else words[:, at] for at in tagging.positions], dim=1)
