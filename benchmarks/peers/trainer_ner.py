"""Token classification as Hugging Face's examples do it: a linear layer on the first word piece of each word."""

from __future__ import annotations

from collections.abc import Sequence

import common
import hf_trainer
import spacy
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

from spanwright.tokenizer import make_tokenizer

IGNORED = -100


def main() -> None:
    options = hf_trainer.add_options(common.parser(__doc__))
    options.add_argument("--sort", action="store_true", help="texts of similar length in a batch")
    options.add_argument(
        "--split", nargs="*", help="cut texts as spaCy does, and off these characters; else the annotators' words"
    )
    args = options.parse_args()
    common.use_threads(args)
    set_seed(args.seed)
    train, gold = common.read_docs(args.train), common.read_docs(args.dev)
    dev = gold
    if args.split is not None:
        train, dev = cut_words(train, args.split), cut_words(gold, args.split)
    labels = ["O", *sorted({f"{tag}-{ent.label_}" for doc in train for ent in doc.ents for tag in "BI"})]
    tokenizer = AutoTokenizer.from_pretrained(args.encoder, add_prefix_space=True)
    names = {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}
    model = AutoModelForTokenClassification.from_pretrained(args.encoder, num_labels=len(labels), **names)
    clock = common.Clock()
    with clock.measure():
        rows = to_rows(train, encode(train, tokenizer), labels)
        collator = DataCollatorForTokenClassification(tokenizer)
        trainer = hf_trainer.build_trainer(args, model, rows, collator, group_by_length=args.sort)
        trainer.train()
    peak = common.peak_mb()
    if args.save:
        model.save_pretrained(args.save)
        tokenizer.save_pretrained(args.save)
    trainer.args.group_by_length = False  # or else predictions come in another order than the texts
    encoded = encode(dev, tokenizer)
    best = trainer.predict(to_rows(dev, encoded, labels)).predictions.argmax(-1)
    found = [
        entities_of(doc, read_tags(doc, first_pieces(encoded, i), row.tolist(), labels))
        for i, (doc, row) in enumerate(zip(dev, best, strict=True))
    ]
    words = args.epochs * sum(map(len, train))
    measured = common.entity_scores([common.gold_entities(doc) for doc in gold], found)
    common.report(seconds=clock.seconds, words_per_s=words / clock.seconds, peak_mb=peak, **measured)


def cut_words(docs: Sequence[Doc], split: Sequence[str]) -> list[Doc]:
    """Return the texts of Docs in words of `spanwright.Tokenizer.v1`, with the entities that begin and end with such words."""
    tokenizer = make_tokenizer(list(split))(spacy.blank("en"))
    cut = [tokenizer(doc.text) for doc in docs]
    for doc, gold in zip(cut, docs, strict=True):
        spans = [doc.char_span(ent.start_char, ent.end_char, ent.label_) for ent in gold.ents]
        doc.set_ents([span for span in spans if span is not None])
    return cut


def encode(docs: Sequence[Doc], tokenizer: PreTrainedTokenizerFast) -> BatchEncoding:
    """Return word pieces, cut at the encoder's limit."""
    words = [[token.text for token in doc] for doc in docs]
    return tokenizer(words, is_split_into_words=True, truncation=True, max_length=512)


def to_rows(docs: Sequence[Doc], encoded: BatchEncoding, labels: Sequence[str]) -> list[dict[str, list[int]]]:
    """Return the word pieces of each text, with the tag of each word at its first piece."""
    numbers = {label: i for i, label in enumerate(labels)}
    return [encode_doc(doc, encoded, i, numbers) for i, doc in enumerate(docs)]


def encode_doc(doc: Doc, encoded: BatchEncoding, i: int, numbers: dict[str, int]) -> dict[str, list[int]]:
    tags = [f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else "O" for token in doc]
    words = first_pieces(encoded, i)
    targets = [IGNORED if word is None else numbers.get(tags[word], 0) for word in words]
    return {"input_ids": encoded["input_ids"][i], "attention_mask": encoded["attention_mask"][i], "labels": targets}


def first_pieces(encoded: BatchEncoding, i: int) -> list[int | None]:
    """Return for each word piece of a text the number of the word that begins with it."""
    words = encoded.word_ids(i)
    return [None if word == before else word for word, before in zip(words, [None, *words], strict=False)]


def read_tags(doc: Doc, firsts: Sequence[int | None], predicted: Sequence[int], labels: Sequence[str]) -> list[str]:
    """Return the tag of each word; a word without a piece, or cut off, has none."""
    tags = ["O"] * len(doc)
    for word, tag in zip(firsts, predicted, strict=False):
        if word is not None:
            tags[word] = labels[tag]
    return tags


def entities_of(doc: Doc, tags: Sequence[str]) -> set[common.Entity]:
    """Return the entities of IOB2 tags, read as seqeval does."""
    return {(doc[a].idx, doc[b].idx + len(doc[b]), label) for label, a, b in get_entities(list(tags))}


if __name__ == "__main__":
    main()
