"""Small pipelines with a recogniser of entities, and what they learn."""

import pytest
import spacy
from spacy.training import Example

TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 32,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}
TRAINING = [
    ("Anna Lee lives in New York City .", [(0, 8, "PER"), (18, 31, "LOC")]),
    ("I saw Bob in Paris", [(6, 9, "PER"), (13, 18, "LOC")]),
    ("nothing to be seen here", []),
]
TEXTS = ["Anna Lee saw New York City", "", "Paris", "a zßq\u200b \n word nobody has seen", "Bob lives in Paris . " * 8]


def make_pipeline(*, head="crf", lstm_width=None, dropout=None, **settings):
    nlp = spacy.blank("en")
    model = {
        "@architectures": "spanwright.BioNer.v1",
        "head": head,
        "lstm_width": lstm_width,
        "dropout": dropout,
        "tok2vec": TOK2VEC,
    }
    nlp.add_pipe("bio_ner", config={"model": model, **settings})
    return nlp


def make_examples(nlp, data=TRAINING):
    return [Example.from_dict(nlp.make_doc(text), {"entities": entities}) for text, entities in data]


def train(nlp, n_steps=25, data=TRAINING):
    spacy.util.fix_random_seed(0)
    examples = make_examples(nlp, data)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    losses = []
    for _ in range(n_steps):
        losses.append(nlp.update(examples, sgd=optimizer, drop=0.1)["bio_ner"])
    return losses


def found(doc):
    return [(ent.start, ent.end, ent.label_, pytest.approx(ent._.confidence, abs=1e-6)) for ent in doc.ents]
