"""Token classification as Hugging Face's examples do it: a linear layer on the first word piece of each word."""

from __future__ import annotations

from collections.abc import Sequence

import common
import hf_trainer
from seqeval.metrics.sequence_labeling import get_entities
from spacy.tokens import Doc
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    BatchEncoding,
    DataCollatorForTokenClassification,
    PreTrainedTokenizerFast,
    set_seed,
)

IGNORED = -100


def main() -> None:
    args = hf_trainer.add_options(common.parser(__doc__)).parse_args()
    common.use_threads(args)
    set_seed(args.seed)
    train, dev = common.read_docs(args.train), common.read_docs(args.dev)
    labels = ["O", *sorted({f"{tag}-{ent.label_}" for doc in train for ent in doc.ents for tag in "BI"})]
    tokenizer = AutoTokenizer.from_pretrained(args.encoder, add_prefix_space=True)
    names = {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}
    model = AutoModelForTokenClassification.from_pretrained(args.encoder, num_labels=len(labels), **names)
    clock = common.Clock()
    with clock.measure():
        rows = encode(train, tokenizer, labels)
        trainer = hf_trainer.build_trainer(args, model, rows, DataCollatorForTokenClassification(tokenizer))
        trainer.train()
    peak = common.peak_mb()
    if args.save:
        model.save_pretrained(args.save)
        tokenizer.save_pretrained(args.save)
    rows = encode(dev, tokenizer, labels)
    scores = trainer.predict(rows).predictions
    tags = [
        read_tags(row, row_scores.argmax(-1).tolist(), labels) for row, row_scores in zip(rows, scores, strict=True)
    ]
    found = [entities_of(doc, doc_tags) for doc, doc_tags in zip(dev, tags, strict=True)]
    words = args.epochs * sum(map(len, train))
    measured = common.entity_scores([common.gold_entities(doc) for doc in dev], found)
    common.report(seconds=clock.seconds, words_per_s=words / clock.seconds, peak_mb=peak, **measured)


def encode(
    docs: Sequence[Doc], tokenizer: PreTrainedTokenizerFast, labels: Sequence[str]
) -> list[dict[str, list[int]]]:
    """Return word pieces, cut at the encoder's limit, with the tag of each word at its first piece."""
    encoded = tokenizer(
        [[t.text for t in doc] for doc in docs], is_split_into_words=True, truncation=True, max_length=512
    )
    numbers = {label: i for i, label in enumerate(labels)}
    return [encode_doc(doc, encoded, i, numbers) for i, doc in enumerate(docs)]


def encode_doc(doc: Doc, encoded: BatchEncoding, i: int, numbers: dict[str, int]) -> dict[str, list[int]]:
    tags = [f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else "O" for token in doc]
    words = encoded.word_ids(i)
    firsts = [None if word == before else word for word, before in zip(words, [None, *words], strict=False)]
    targets = [IGNORED if word is None else numbers.get(tags[word], 0) for word in firsts]
    return {"input_ids": encoded["input_ids"][i], "attention_mask": encoded["attention_mask"][i], "labels": targets}


def read_tags(row: dict[str, list[int]], predicted: Sequence[int], labels: Sequence[str]) -> list[str]:
    """Return the tags of the words that were not cut off."""
    return [labels[tag] for tag, target in zip(predicted, row["labels"], strict=False) if target != IGNORED]


def entities_of(doc: Doc, tags: Sequence[str]) -> set[common.Entity]:
    """Return the entities of IOB2 tags, read as seqeval does."""
    return {(doc[a].idx, doc[b].idx + len(doc[b]), label) for label, a, b in get_entities(list(tags))}


if __name__ == "__main__":
    main()
