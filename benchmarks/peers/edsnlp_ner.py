"""EDS-NLP's `eds.ner_crf` over `eds.transformer`, as its tutorials set them up; runs in an environment of its own."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from typing import Any

import common
import edsnlp
import edsnlp.pipes as eds
import torch
from confit.utils.random import set_seed
from edsnlp.training import ScheduledOptimizer
from spacy.tokens import Doc
from torch.utils.data import DataLoader

LEARNING_RATE = 2e-4
HEAD_LEARNING_RATE = 3e-4  # of what comes after the encoder, as its tutorials have it: without warm-up
MAX_GRAD_NORM = 1.0
GOLD = "gold"  # span group


def main() -> None:
    args = common.parser(__doc__).parse_args()
    common.use_threads(args)
    set_seed(args.seed)
    train_docs, dev = common.read_docs(args.train), common.read_docs(args.dev)
    nlp = build(args)
    examples = [copy_entities(doc, nlp.make_doc(doc.text)) for doc in train_docs]
    nlp.post_init(examples)
    clock = common.Clock()
    with clock.measure():
        train(nlp, examples, args)
    peak = common.peak_mb()
    if args.save:
        nlp.to_disk(args.save)
    predicted = nlp.pipe(doc.text for doc in dev).set_processing(batch_size=32)
    found = [common.gold_entities(doc) for doc in predicted]
    words = args.epochs * sum(map(len, train_docs))
    scores = common.entity_scores([common.gold_entities(doc) for doc in dev], found)
    common.report(seconds=clock.seconds, words_per_s=words / clock.seconds, peak_mb=peak, **scores)


def build(args: Namespace) -> edsnlp.Pipeline:
    """Return the untrained pipeline, on a GPU where there is one.

    It has spaCy's English tokenizer, as its peers do: its own, for French, leaves the apostrophe of "England's" on the name.
    """
    nlp = edsnlp.blank("en")
    encoder = eds.transformer(model=str(args.encoder), window=128, stride=96)
    words = eds.text_cnn(kernel_sizes=[3], embedding=encoder)
    recogniser = eds.ner_crf(embedding=words, mode="joint", target_span_getter=GOLD, span_setter="ents")
    nlp.add_pipe(recogniser, name="ner")
    return nlp.to("cuda" if torch.cuda.is_available() else "cpu")


def copy_entities(gold: Doc, doc: Doc) -> Doc:
    """Give a Doc of the same text the entities, with ends moved out to those of its words, as EDS-NLP's readers do."""
    doc.spans[GOLD] = [
        doc.char_span(ent.start_char, ent.end_char, ent.label_, alignment_mode="expand") for ent in gold.ents
    ]
    return doc


def train(nlp: edsnlp.Pipeline, docs: Sequence[Doc], args: Namespace) -> None:
    """Train with the loop of its tutorial on training scripts, which `edsnlp.train` adds logs and evaluations to."""
    device = next(iter(nlp.parameters())).device
    rows: Any = list(nlp.preprocess_many(docs, supervision=True))
    batches: DataLoader[Any] = DataLoader(
        rows,
        batch_size=args.batch_size,
        collate_fn=partial(nlp.collate, device=device),
        shuffle=True,
    )
    optimizer = build_optimizer(nlp, args.epochs * len(batches))
    nlp.train(True)
    for _ in range(args.epochs):
        for batch in batches:
            optimizer.zero_grad()
            nlp.get_pipe("ner").module_forward(batch["ner"])["loss"].backward()
            torch.nn.utils.clip_grad_norm_(nlp.parameters(), MAX_GRAD_NORM)
            optimizer.step()


def build_optimizer(nlp: edsnlp.Pipeline, steps: int) -> ScheduledOptimizer:
    """Return AdamW whose learning rates rise over the first tenth of the steps, the head's from full height, then fall."""
    linear = {"@schedules": "linear", "warmup_rate": 0.1}
    groups = {
        "^ner[.]embedding[.]embedding": {"lr": {**linear, "start_value": 0.0, "max_value": LEARNING_RATE}},
        "": {"lr": {**linear, "start_value": HEAD_LEARNING_RATE, "max_value": HEAD_LEARNING_RATE}},
    }
    return ScheduledOptimizer("adamw", module=nlp, groups=groups, total_steps=steps)


if __name__ == "__main__":
    main()
