"""Text classification as Hugging Face's examples do it: texts cut at the encoder's limit, a head on the first word piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import common
import hf_trainer
import torch
from spacy.tokens import Doc
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    PreTrainedTokenizerFast,
    set_seed,
)


def main() -> None:
    options = common.add_category_options(hf_trainer.add_options(common.parser(__doc__)))
    options.add_argument("--learning-rate", type=float, default=hf_trainer.LEARNING_RATE)
    options.add_argument("--multilabel", action="store_true", help="labels do not exclude each other")
    args = options.parse_args()
    common.use_threads(args)
    set_seed(args.seed)
    train, test = common.read_docs(args.train), common.read_docs(args.test)
    labels = sorted({label for doc in train for label in doc.cats})
    problem = "multi_label_classification" if args.multilabel else "single_label_classification"
    tokenizer = AutoTokenizer.from_pretrained(args.encoder)
    model = AutoModelForSequenceClassification.from_pretrained(
        args.encoder, num_labels=len(labels), problem_type=problem
    )
    clock = common.Clock()
    with clock.measure():
        rows = encode(train, tokenizer, labels, multilabel=args.multilabel)
        collator = DataCollatorWithPadding(tokenizer)
        settings = {"learning_rate": args.learning_rate, "group_by_length": True}
        trainer = hf_trainer.build_trainer(args, model, rows, collator, **settings)
        trainer.train()
    peak = common.peak_mb()
    if args.save:
        model.save_pretrained(args.save)
        tokenizer.save_pretrained(args.save)
    trainer.args.group_by_length = False  # or else predictions come in another order than the texts
    rows = encode(test, tokenizer, labels, multilabel=args.multilabel)
    scores = torch.from_numpy(trainer.predict(rows).predictions).float()
    chances = scores.sigmoid() if args.multilabel else scores.softmax(-1)
    common.write_categories(args, (dict(zip(labels, row, strict=True)) for row in chances.tolist()), {})
    words = args.epochs * sum(map(len, train))
    common.report(seconds=clock.seconds, words_per_s=words / clock.seconds, peak_mb=peak)


def encode(
    docs: Sequence[Doc], tokenizer: PreTrainedTokenizerFast, labels: Sequence[str], *, multilabel: bool
) -> list[dict[str, Any]]:
    """Return word pieces, cut at the encoder's limit, with the number of the label, or whether the text has each label."""
    encoded = tokenizer([doc.text for doc in docs], truncation=True, max_length=512)
    rows = []
    for i, doc in enumerate(docs):
        gold = [float(doc.cats[label]) for label in labels]
        inputs = {name: encoded[name][i] for name in encoded}
        rows.append({**inputs, "labels": gold if multilabel else gold.index(1.0)})
    return rows


if __name__ == "__main__":
    main()
